"""`migrate.py init`: what an Alembic project lacks for settings, secrets and plugins."""

from __future__ import annotations

import os
from dataclasses import dataclass
from errno import EACCES
from typing import TYPE_CHECKING

import click

from sst.cli.call.command import Command
from sst.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

    from sst.cli.call.invocation import Invocation
    from sst.migrator.values.report import Report

_IGNORED = (".secrets.toml", "settings.local.toml", ".env", ".data/", "backups/")
_SETTINGS = """\
# Every setting has a default; these are the ones that most projects decide.
# `{program} config show --sources` lists all of them with where their values come from.
# No secrets: those go to .secrets.toml, to the environment or to NAME_FILE.

# Settings of your own: a pydantic model, filled from [default.app] and APP__... as those of the
# core are, and read with `from app.settings import settings`.
# [default]
# app_settings = "app.settings:AppSettings"

[default.migrate]
{location}
# Seconds that a statement may wait for a table's lock; the revision is then tried again.
# lock_timeout = 2.0
# Seconds that one statement may take; 0 is no limit.
# statement_timeout = 0.0

[default.plugins]
# What runs around a migration, in this order; what is not listed is never imported.
# "backup" dumps the database before a run and needs pg_dump; "health_check" compares the models
# with the schema after it; "notify" writes events to the log and to a webhook; "safe_ddl" has the
# rules of `lint`.
enabled = ["backup", "health_check", "notify", "safe_ddl"]

[default.plugins.backup]
directory = "backups"

# Every environment is protected: no DEBUG, no SQL_ECHO, no embedded database, names asked for.
# Its own section, and nothing else, can say otherwise. The environment is the one that the
# variable ENV_FOR_DYNACONF or ENVIRONMENT names, else development.
[development]
protected = false
# A PostgreSQL of its own: install sst-platform[embedded], and add "embedded_postgres" below.
# DATABASE_URL = "embedded"

# [development.plugins]
# enabled = ["embedded_postgres", "backup", "health_check", "notify", "safe_ddl"]

[production]
# DATABASE_URL comes from the environment, from DATABASE_URL_FILE or from .secrets.toml.
"""
_SECRETS = """\
# Copy to .secrets.toml (git-ignored; chmod 600), keep what you need and put real values in.
# A protected environment refuses the values below. The same names work as environment variables.
# In a URL, special characters of a password are percent-encoded: @ is %40, : is %3A, / is %2F.

[development]
# DATABASE_URL = "postgresql://user:password@localhost:5432/name"

[production]
DATABASE_URL = "postgresql://user:change-me-database@db:5432/name"
MIGRATION_DATABASE_URL = "postgresql://owner:change-me-owner@db:5432/name"

[production.plugins.notify]
url = "https://hooks.example.com/change-me-webhook"
"""
_PLUGINS = """\
# Plugins of this project

A plugin is a file `NAME.py` here, or a folder with an `__init__.py`, and its name in
`plugins.enabled` of settings.toml. `{program} plugins new NAME` writes one with tests.
"""


@dataclass(frozen=True, slots=True)
class Written:
    """One file, and what was done about it."""

    file: str
    outcome: str
    """`written`, `kept` or `added to`."""
    detail: str = ""

    def __str__(self) -> str:
        """Return the line for a person."""
        return f"{self.outcome} {self.file}" + (f": {self.detail}" if self.detail else "")


@click.command("init", cls=Command)
@click.pass_obj
def command(invocation: Invocation) -> Report:
    """Write what a project lacks of settings.

    That is settings.toml, .secrets.toml.example, plugins/ and lines of .gitignore.
    The project is the nearest folder upward that has one, else the working folder.
    Nothing that exists is changed; to a .gitignore that exists the missing lines are added.
    """
    from sst.migrator.values.report import Report

    root = invocation.root_or_here
    try:
        lacking = _missing_lines(root / ".gitignore")
        done = [*_write(root, invocation.door), _ignore(root / ".gitignore", lacking)]
    except (OSError, UnicodeDecodeError) as error:
        raise _unwritable(root, error) from error
    steps = _next_steps(root, invocation.program)
    return Report(
        lines=(f"in {root}:", *map(str, done)),
        notes=tuple(f"next: {step}" for step in steps),
        extras={
            "root": str(root),
            "files": [
                {"file": each.file, "outcome": each.outcome.replace(" ", "_")} for each in done
            ],
            "next": steps,
        },
    )


def _write(root: Path, program: str) -> Iterator[Written]:
    texts = {
        "settings.toml": _SETTINGS.format(program=program, location=_location(root)),
        ".secrets.toml.example": _SECRETS,
    }
    for name, text in texts.items():
        yield _new(root, name, text)
    if (root / "plugins").is_dir():
        yield Written("plugins/", "kept", "it exists")
    else:
        (root / "plugins").mkdir()
        yield _new(root, "plugins/README.md", _PLUGINS.format(program=program))


def _new(root: Path, name: str, text: str) -> Written:
    try:
        with (root / name).open("x", encoding="utf-8") as file:
            file.write(text)
    except FileExistsError:
        return Written(name, "kept", "it exists")
    return Written(name, "written")


def _location(root: Path) -> str:
    """Return the line that names the project's revisions: spelled out, to be seen and changed."""
    from sst.project_root import alembic_file

    found = alembic_file(root)
    return f'alembic_config = "{found.name}"' if found else 'script_location = "alembic"'


def _missing_lines(file: Path) -> list[str]:
    """Return the lines that *file* lacks; raise when it could not take them.

    It is asked for before anything is written: a half-written project is not left behind.
    """
    if not file.exists():
        if not os.access(file.parent, os.W_OK | os.X_OK):
            raise PermissionError(EACCES, os.strerror(EACCES), str(file.parent))
        return list(_IGNORED)
    with file.open("r+", encoding="utf-8") as opened:
        old = opened.read()
    return [line for line in _IGNORED if line not in map(str.strip, old.splitlines())]


def _ignore(file: Path, missing: Sequence[str]) -> Written:
    """Add *missing* to *file*: a secret that is not ignored is soon committed."""
    if not missing:
        return Written(file.name, "kept", "it has every line")
    is_new = not file.exists()
    # Bytes: the ends of lines stay as the file has them.
    old = b"" if is_new else file.read_bytes()
    end = b"\r\n" if b"\r\n" in old else b"\n"
    lines = ["# secrets, and what the migrator writes", *missing, ""]
    gap = b"" if not old or old.endswith(b"\n") else end
    with file.open("ab") as opened:
        opened.write(gap + end.join(line.encode() for line in lines))
    return Written(file.name, "written" if is_new else "added to", ", ".join(missing))


def _unwritable(root: Path, error: OSError | UnicodeDecodeError) -> UsageError:
    if isinstance(error, UnicodeDecodeError):
        file, why = root / ".gitignore", "it is not UTF-8"
    else:
        file, why = error.filename or root, str(error.strerror)
    return UsageError(
        what=f"{file} cannot be written.",
        why=why,
        next_step="correct that, then run `init` again: it writes what is still missing",
    )


def _next_steps(root: Path, program: str) -> list[str]:
    from sst.project_root import alembic_file

    has_revisions = alembic_file(root) or (root / "alembic" / "env.py").is_file()
    start = [] if has_revisions else ["alembic init alembic"]
    url = "DATABASE_URL=postgresql://user@host:5432/name"
    return [*start, f"{url} {program} check", f"{program} plan", f"{program} upgrade"]
