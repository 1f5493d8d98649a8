"""Client programs that misbehave: shell scripts around the real pg_dump."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path

    from plugins.backup.postgres.client_programs import Tools

# $REAL is the real program, $FILE what --file= names. The zstd probe fails: gzip has checksums.
_DUMP = """#!/bin/sh
REAL='{real}'
[ "$1" = --version ] && exec "$REAL" --version
case "$*" in *zstd*) echo 'pg_dump: error: no ZSTD here' >&2; exit 1;; esac
for argument in "$@"; do case "$argument" in --file=*) FILE="${{argument#--file=}}";; esac; done
{body}
"""


def wrapped(folder: Path, real: Tools, body: str) -> Path:
    """Return *folder* with a pg_dump that runs the shell lines *body*, and the real pg_restore."""
    folder.mkdir()
    write_program(folder / "pg_dump", _DUMP.format(real=real.pg_dump, body=body))
    (folder / "pg_restore").symlink_to(real.pg_restore)
    return folder


def versioned(folder: Path, version: str) -> Path:
    """Return *folder* with programs that can do nothing but print *version*."""
    folder.mkdir(parents=True)
    for name in ("pg_dump", "pg_restore"):
        write_program(folder / name, f"#!/bin/sh\necho '{name} (PostgreSQL) {version}'\n")
    return folder


def write_program(path: Path, text: str) -> None:
    """Write *text* as an executable file."""
    path.write_text(text)
    path.chmod(0o755)
