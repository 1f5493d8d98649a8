"""The files of a small Alembic project: its env.py, its revisions, its settings."""

from __future__ import annotations

import json
from importlib.util import cache_from_source
from pathlib import Path
from textwrap import dedent, indent
from typing import TYPE_CHECKING

from sst.built_in import revision_template

if TYPE_CHECKING:
    from collections.abc import Sequence

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


def write_source(path: Path, text: str) -> None:
    """Write *text*, a module of Python, to *path*, and remove its byte code.

    Python takes byte code for current by the size of its source and by the whole seconds of its
    time: of two versions of one size, written within a second, the first would run again.
    """
    path.write_text(text, encoding="utf-8")
    Path(cache_from_source(str(path))).unlink(missing_ok=True)


def write_project(root: Path) -> None:
    """Write an Alembic project without revisions to *root*."""
    (root / "alembic" / "versions").mkdir(parents=True)
    (root / "plugins").mkdir()
    (root / "pyproject.toml").write_text(_PYPROJECT)
    write_source(root / "alembic" / "env.py", _ENV)
    (root / "alembic" / "script.py.mako").write_text(revision_template().read_text())


def write_settings(root: Path, enabled: Sequence[str]) -> None:
    """Write a settings.toml with the plugins *enabled*, in this order."""
    (root / "settings.toml").write_text(
        f"[default.plugins]\nenabled = {json.dumps(list(enabled))}\n\n"
        "[development]\nprotected = false\n\n[production]\n"
    )


def revision_text(
    name: str, bodies: tuple[str, str], down: str | None, labels: tuple[str, ...]
) -> str:
    """Return the file of the revision *name* after *down*; *bodies* go up and down."""
    upgrade, downgrade = (indent(dedent(body).strip(), "    ") for body in bodies)
    return _REVISION.format(
        description=name.replace("_", " "),
        id=name,
        down=down,
        labels=labels or None,
        upgrade=upgrade,
        downgrade=downgrade,
    )
