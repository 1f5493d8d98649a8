"""Where a revision on record came from: the run that brought it, its code, its plugin."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from sqlalchemy import text

if TYPE_CHECKING:
    from sqlalchemy.engine import Connection

# Read as JSON: a ledger that no run has brought up to date yet lacks the columns.
_STEP = text("""
    select to_jsonb(s) ->> 'plugin', to_jsonb(s) ->> 'branch'
    from migrator.step s join migrator.run r on r.id = s.run_id
    where s.revision = :revision and to_jsonb(s) ->> 'plugin' is not null
      and r.version_table = :version_table
    order by s.started_at desc limit 1
""")
# A step that was applied, or that its run was killed in; else a run that put the database there.
# `repair` only writes down what it finds, and a run that failed has brought nothing by its heads.
_BROUGHT = text("""
    select r.id, r.app_version, r.git_commit from migrator.run r
    left join migrator.step s on s.run_id = r.id and s.revision = :revision
        and s.direction = 'upgrade' and (s.outcome = 'applied' or s.outcome <> 'failed'
            and r.outcome in ('running', 'interrupted') and r.error is null)
    where r.version_table = :version_table and (s.run_id is not null
        or r.outcome = 'succeeded' and r.command <> 'repair'
            and :revision = any(r.to_heads) and :revision <> all(r.from_heads))
    order by s.run_id is null, r.started_at desc limit 1
""")


@dataclass(frozen=True, slots=True)
class BroughtBy:
    """The run that brought a revision, and the code that it ran."""

    run_id: str
    app_version: str
    git_commit: str

    @property
    def code(self) -> str:
        """The code, for a sentence: `version 1.2.0, commit 0123456789ab`."""
        commit = f", commit {self.git_commit[:12]}" if self.git_commit else ""
        return f"version {self.app_version}{commit}"

    def __str__(self) -> str:
        """Return run and code, for a sentence."""
        return f"run {self.run_id} of {self.code}"


@dataclass(frozen=True, slots=True)
class Origin:
    """The plugin that brings a revision, and the label of its branch where that is known."""

    plugin: str
    branch: str | None = None


def read_origin(connection: Connection, version_table: str, revision: str) -> Origin | None:
    """Return the plugin that a step of *revision* names; None when the record has no such step.

    The record must exist. A stamp has no steps: the plugins of its run may have brought nothing.
    """
    wanted = {"revision": revision, "version_table": version_table}
    step = connection.execute(_STEP, wanted).first()
    return Origin(*step) if step else None


def read_run(connection: Connection, version_table: str, revision: str) -> BroughtBy | None:
    """Return the run on record, which must exist, that brought *revision*; None for none."""
    wanted = {"revision": revision, "version_table": version_table}
    row = connection.execute(_BROUGHT, wanted).first()
    return BroughtBy(*row) if row else None
