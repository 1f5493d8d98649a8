"""Which plugin a revision on record came from."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from sqlalchemy import text

if TYPE_CHECKING:
    from collections.abc import Collection

    from sqlalchemy.engine import Connection

# Read as JSON: a ledger that no run has brought up to date yet lacks the columns.
_STEP = text("""
    select to_jsonb(s) ->> 'plugin', to_jsonb(s) ->> 'branch' from migrator.step s
    where s.revision = :revision and to_jsonb(s) ->> 'plugin' is not null
    order by s.started_at desc limit 1
""")
# A stamp has no steps; its row says which plugins were enabled.
_RUN = text("""
    select r.plugins from migrator.run r
    where :revision = any(r.to_heads) order by r.started_at desc limit 1
""")


@dataclass(frozen=True, slots=True)
class Origin:
    """The plugin that brings a revision, and the label of its branch where that is known."""

    plugin: str
    branch: str | None = None


def read_origin(connection: Connection, revision: str, enabled: Collection[str]) -> Origin | None:
    """Return where *revision* came from; None when the record, which must exist, does not say.

    Where only the plugins of the run are on record, it is the one that is not *enabled* now.
    """
    step = connection.execute(_STEP, {"revision": revision}).first()
    if step:
        return Origin(*step)
    found = connection.execute(_RUN, {"revision": revision}).scalar() or ()
    gone = [name for name in found if name not in enabled]
    return Origin(gone[0]) if len(gone) == 1 else None
