"""A small project in a temporary folder, with a real database, driven through migrate.py."""

from __future__ import annotations

import json
import os
from contextlib import closing
from dataclasses import dataclass, field
from textwrap import dedent
from typing import TYPE_CHECKING, Any

from sst.testing.project import files, processes
from sst.testing.project.failing_plugin import FAILING, REASON, check_point, write_failing
from sst.testing.project.server import connect

if TYPE_CHECKING:
    from pathlib import Path
    from typing import Self

    from sst.testing.project.outcome import Outcome
    from sst.testing.project.processes import Running

_KEPT_VARIABLES = ("PATH", "HOME", "LANG", "LC_ALL", "TMPDIR", "XDG_RUNTIME_DIR")


@dataclass
class Project:
    """A temporary project: settings, plugins, revisions, and a database of its own."""

    root: Path
    database_url: str
    environment: dict[str, str] = field(default_factory=dict)
    """Variables for every command; of this process's own only PATH, HOME and their like pass."""
    settings: dict[str, Any] = field(default_factory=dict)
    """Values by dotted name, such as `plugins.hello.days`; given to every command as `--set`."""
    revisions: list[str] = field(default_factory=list)
    runs: int = 0
    plugin_folders: tuple[Path, ...] = ()
    """Where the files of your own plugins are looked for."""
    outcomes: list[Outcome] = field(default_factory=list)
    """How every command of `migrate` ended."""
    enabled: list[str] = field(default_factory=list)
    _points: dict[str, str | None] = field(default_factory=dict)

    @classmethod
    def create(cls, root: Path, database_url: str, *plugin_folders: Path) -> Self:
        """Write the files of an empty project below *root*; no plugin is enabled."""
        files.write_project(root)
        project = cls(root, database_url, plugin_folders=plugin_folders)
        project.enable()
        return project

    def enable(self, *plugins: str) -> None:
        """Enable exactly *plugins*, in this order.

        One that is a file of your project is linked into the temporary one; another must be
        built-in, installed, or written by `plugin`.
        """
        self.enabled = list(plugins)
        for plugin in plugins:
            self._link(plugin)
        files.write_settings(self.root, [*plugins, *([FAILING] if self._points else [])])

    def plugin(self, name: str, source: str) -> None:
        """Write `plugins/NAME.py`."""
        files.write_source(self.root / "plugins" / f"{name}.py", dedent(source))

    def revision(
        self,
        name: str,
        upgrade: str = "pass",
        downgrade: str = "pass",
        *,
        down: str | None = "last",
        labels: tuple[str, ...] = (),
    ) -> str:
        """Write a revision that follows the last one (or *down*) and return its id, *name*.

        *upgrade* and *downgrade* are the bodies of the two functions; `op`, `sa`, `os` and
        `time` are imported.
        """
        previous = (self.revisions[-1] if self.revisions else None) if down == "last" else down
        text = files.revision_text(name, (upgrade, downgrade), previous, labels)
        number = len(self.revisions)
        file = self.root / "alembic" / "versions" / f"2026{number:04d}_{name}.py"
        files.write_source(file, text)
        self.revisions.append(name)
        return name

    def fail_at(
        self, hook: str, revision: str | None = None, *, reason: str = REASON, veto: bool = False
    ) -> None:
        """Make *hook* raise, at *revision* or at its every call; call it again for more hooks.

        A plugin `fails_on_purpose`, the last of the list, raises: `RuntimeError`, with *veto* a
        `Veto`. Yours was asked before it, after it where the order is reversed.
        """
        check_point(hook, revision)
        self._points[hook] = revision
        write_failing(self.root / "plugins", self._points, reason=reason, is_veto=veto)
        self.enable(*self.enabled)

    def start(self, *arguments: str, **environment: str) -> Running:
        """Start `migrate.py ARGUMENTS` and return while it runs."""
        self.runs += 1
        words = [*arguments]
        for name, value in self.settings.items():
            words += ["--set", f"{name}={_spelled(value)}"]
        variables = self._variables() | environment
        return processes.start(words, self.root, variables, self.root / "runs" / str(self.runs))

    def migrate(self, *arguments: str, **environment: str) -> Outcome:
        """Run `migrate.py ARGUMENTS` to its end, with *environment* beside the project's own."""
        outcome = self.start(*arguments, **environment).finish()
        self.outcomes.append(outcome)
        return outcome

    def query(self, sql: str, *parameters: Any) -> list[tuple[Any, ...]]:
        """Return the rows of *sql* on the project's database."""
        with closing(connect(self.database_url)) as connection, connection.cursor() as cursor:
            cursor.execute(sql, parameters or None)
            return [] if cursor.description is None else list(cursor.fetchall())

    def current_revision(self) -> str | None:
        """Return the version table's revision; None without a table or a row."""
        if self.query("select to_regclass('alembic_version')") == [(None,)]:
            return None
        rows = self.query("select version_num from alembic_version order by 1")
        return ",".join(row[0] for row in rows) or None

    def last_run(self) -> dict[str, Any]:
        """Return the newest row of the ledger as a dictionary."""
        rows = self.query(
            "select to_jsonb(r) from migrator.run r order by started_at desc limit 1"
        )
        row: dict[str, Any] = rows[0][0]
        return row

    def _variables(self) -> dict[str, str]:
        kept = {name: os.environ[name] for name in _KEPT_VARIABLES if name in os.environ}
        own = {"DATABASE_URL": self.database_url, "XDG_CACHE_HOME": str(self.root / ".cache")}
        return kept | own | self.environment

    def _link(self, plugin: str) -> None:
        """Take a plugin's file or folder, and what plugins share, into the project."""
        for folder in self.plugin_folders:
            shared = [path.name for path in folder.glob("_[!_]*")]
            for name in (plugin, f"{plugin}.py", *shared):
                source, target = folder / name, self.root / "plugins" / name
                if source.exists() and not target.exists():
                    target.symlink_to(source)


def _spelled(value: object) -> str:
    """Return *value* as `--set` reads it: a text as it is, everything else as JSON."""
    return value if isinstance(value, str) else json.dumps(value)
