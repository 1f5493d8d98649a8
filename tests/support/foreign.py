"""Existing Alembic projects as other teams write them, for the bridge to drive."""

from __future__ import annotations

from dataclasses import dataclass, replace
from textwrap import dedent, indent
from typing import TYPE_CHECKING, Any

from sst.testing.project.files import write_source

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

_TEMPLATE = '''"""${message}

Revision ID: ${up_revision}
"""
from alembic import op
import sqlalchemy as sa
${imports if imports else ""}

revision = ${repr(up_revision)}
down_revision = ${repr(down_revision)}
branch_labels = ${repr(branch_labels)}
depends_on = ${repr(depends_on)}


def upgrade():
    ${upgrades if upgrades else "pass"}


def downgrade():
    ${downgrades if downgrades else "pass"}
'''


# What `alembic init` writes, with levels that show when they stay behind.
_LOGGING = """
[loggers]
keys = root, sqlalchemy
[handlers]
keys = console
[formatters]
keys = generic
[logger_root]
level = CRITICAL
handlers = console
[logger_sqlalchemy]
level = DEBUG
handlers = console
qualname = sqlalchemy.engine
propagate = 0
[handler_console]
class = StreamHandler
args = (sys.stderr,)
formatter = generic
[formatter_generic]
format = %(message)s
"""


@dataclass(frozen=True)
class ForeignSettings:
    """The part of `[default.migrate]` that the bridge reads."""

    script_location: str = "alembic"
    alembic_config: str | None = None
    alembic_section: str = "alembic"


@dataclass(frozen=True)
class ForeignProject:
    """A project in a folder of its own; `settings` is what the operator writes to drive it."""

    root: Path
    settings: ForeignSettings = ForeignSettings("migrations")
    folder: str = "migrations"

    @classmethod
    def create(cls, root: Path, env: str, *, folder: str = "migrations") -> ForeignProject:
        """Write a project without revisions whose `env.py` is *env*."""
        project = cls(root, ForeignSettings(folder), folder)
        project.write(f"{folder}/env.py", env)
        project.write(f"{folder}/script.py.mako", _TEMPLATE)
        (root / folder / "versions").mkdir()
        return project

    def write(self, name: str, content: str) -> Path:
        """Write the file *name* of the project."""
        file = self.root / name
        file.parent.mkdir(parents=True, exist_ok=True)
        write_source(file, dedent(content))
        return file

    def with_ini(
        self, ini: str = "alembic.ini", *, section: str = "alembic", **options: str
    ) -> ForeignProject:
        """Write an ini with *options* in *section*, and return the project driven through it."""
        values = {"script_location": self.folder, **options}
        lines = [f"{name} = {value}" for name, value in values.items()]
        self.write(ini, "\n".join([f"[{section}]", *lines, _LOGGING]))
        settings = ForeignSettings(alembic_config=ini, alembic_section=section)
        return replace(self, settings=settings)

    def revision(  # noqa: PLR0913 - what a revision file may say
        self,
        revision: str,
        down: str | Sequence[str] | None = None,
        *,
        up: str = "",
        undo: str = "",
        label: str | None = None,
        depends_on: str | None = None,
        versions: str = "versions",
    ) -> ForeignProject:
        """Write a revision file; without *up* it creates a table of its own name."""
        header: dict[str, Any] = {
            "revision": revision,
            "down_revision": down if down is None or isinstance(down, str) else tuple(down),
            "branch_labels": label,
            "depends_on": depends_on,
        }
        lines = [f'"""{revision} of the fixture."""', "import sqlalchemy as sa"]
        lines += ["from alembic import op", ""]
        lines += [f"{name} = {value!r}" for name, value in header.items()]
        lines += ["", "", "def upgrade():", _body(up or f'op.create_table("t_{revision}", {_ID})')]
        lines += ["", "", "def downgrade():", _body(undo or f'op.drop_table("t_{revision}")'), ""]
        self.write(f"{self.folder}/{versions}/{revision}_fixture.py", "\n".join(lines))
        return self

    def line(self, *revisions: str) -> ForeignProject:
        """Write *revisions*, each on top of the one before."""
        for below, revision in zip((None, *revisions), revisions, strict=False):
            self.revision(revision, below)
        return self


_ID = 'sa.Column("id", sa.Integer, primary_key=True)'


def _body(code: str) -> str:
    return indent(dedent(code).strip(), "    ")
