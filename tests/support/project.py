"""A small project of its own in a temporary folder, driven through migrate.py."""

from __future__ import annotations

import json
import os
from contextlib import closing
from dataclasses import dataclass, field
from pathlib import Path
from textwrap import dedent, indent
from typing import TYPE_CHECKING, Any

from tests.support import forks
from tests.support.server import connect

if TYPE_CHECKING:
    from tests.support.forks import Running

REPOSITORY = Path(__file__).parent.parent.parent

_PYPROJECT = """
[tool.alembic]
script_location = "%(here)s/alembic"
file_template = "%%(year)d%%(month).2d%%(day).2d_%%(slug)s"
"""
_ENV = """
from alembic import context

connection = context.config.attributes.get("connection")
if context.is_offline_mode():
    context.configure(url="postgresql://", literal_binds=True)
else:
    context.configure(connection=connection)
with context.begin_transaction():
    context.run_migrations()
"""
_REVISION = '''
"""{description}."""

import os
import time

import sqlalchemy as sa
from alembic import op

revision = {id!r}
down_revision = {down!r}
branch_labels = {labels!r}
depends_on = None


def upgrade() -> None:
{upgrade}


def downgrade() -> None:
{downgrade}
'''
_KEPT_VARIABLES = ("PATH", "HOME", "LANG", "LC_ALL", "TMPDIR", "XDG_RUNTIME_DIR")


@dataclass
class Project:
    """A temporary project: settings, plugins, revisions, and a database of its own."""

    root: Path
    database_url: str
    environment: dict[str, str] = field(default_factory=dict)
    settings: dict[str, str] = field(default_factory=dict)
    """Overrides by dotted name, such as `plugins.backup.directory`; given as `--set`."""
    revisions: list[str] = field(default_factory=list)
    runs: int = 0

    @classmethod
    def create(cls, root: Path, database_url: str) -> Project:
        """Write the files of an empty project below *root*; no plugin is enabled."""
        (root / "alembic" / "versions").mkdir(parents=True)
        (root / "plugins").mkdir()
        (root / "pyproject.toml").write_text(_PYPROJECT)
        (root / "alembic" / "env.py").write_text(_ENV)
        template = REPOSITORY / "alembic" / "script.py.mako"
        (root / "alembic" / "script.py.mako").write_text(template.read_text())
        project = cls(root, database_url)
        project.enable()
        return project

    def enable(self, *plugins: str) -> None:
        """Write settings.toml with *plugins* enabled, in this order."""
        listed = ", ".join(f'"{plugin}"' for plugin in plugins)
        (self.root / "settings.toml").write_text(
            f"[default.plugins]\nenabled = [{listed}]\n\n[development]\n\n[production]\n"
        )
        for plugin in plugins:
            self._link(plugin)

    def plugin(self, name: str, source: str) -> None:
        """Write `plugins/NAME.py`."""
        (self.root / "plugins" / f"{name}.py").write_text(dedent(source))

    def revision(
        self,
        name: str,
        upgrade: str = "pass",
        downgrade: str = "pass",
        *,
        down: str | None = "last",
        labels: tuple[str, ...] = (),
    ) -> str:
        """Write a revision that follows the last one (or *down*) and return its id, *name*."""
        previous = (self.revisions[-1] if self.revisions else None) if down == "last" else down
        text = _REVISION.format(
            description=name.replace("_", " "),
            id=name,
            down=previous,
            labels=labels or None,
            upgrade=indent(dedent(upgrade).strip(), "    "),
            downgrade=indent(dedent(downgrade).strip(), "    "),
        )
        number = len(self.revisions)
        (self.root / "alembic" / "versions" / f"2026{number:04d}_{name}.py").write_text(text)
        self.revisions.append(name)
        return name

    def start(self, *arguments: str, **environment: str) -> Running:
        """Start `migrate.py ARGUMENTS` and return while it runs."""
        self.runs += 1
        words = [*arguments]
        for name, value in self.settings.items():
            words += ["--set", f"{name}={value}"]
        variables = self._variables() | environment
        return forks.start(words, self.root, variables, self.root / "runs" / str(self.runs))

    def migrate(self, *arguments: str, **environment: str) -> Outcome:
        """Run `migrate.py ARGUMENTS` to its end."""
        finished = self.start(*arguments, **environment).finish()
        return Outcome(finished.exit_code, finished.stdout, finished.stderr)

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
        return kept | {"DATABASE_URL": self.database_url} | self.environment

    def _link(self, plugin: str) -> None:
        """Take a built-in plugin of this repository into the project."""
        for name in (plugin, f"{plugin}.py"):
            source, target = REPOSITORY / "plugins" / name, self.root / "plugins" / name
            if source.exists() and not target.exists():
                target.symlink_to(source)


@dataclass(frozen=True)
class Outcome:
    """How a command ended and what it printed."""

    exit_code: int
    stdout: str
    stderr: str

    @property
    def output(self) -> str:
        """Everything it printed."""
        return self.stdout + self.stderr

    @property
    def json(self) -> dict[str, Any]:
        """The one JSON object on stdout; fails when there is more or less."""
        found: dict[str, Any] = json.loads(self.stdout)
        return found
