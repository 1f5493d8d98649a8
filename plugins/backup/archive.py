"""Writing an archive with pg_dump and reading it back whole with pg_restore."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from app.hooks import Veto

from .environment import plain_environment
from .process import Deadline, ToolFailedError, call

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from app.hooks import DatabaseUrl

    from .tools import Tools

ZSTD = "zstd:1"
GZIP = "1"

_LOCK_WAIT_SECONDS = 60
_PROBE_SECONDS = 10.0

_SPACE = "free space on that disk, or set plugins.backup.directory to a larger one"
_LOGIN = "check the user and the password of the database URL"

# What the programs print (always in English, LC_ALL=C), and what helps.
_HINTS = (
    ("no space left", _SPACE),
    ("disk quota", _SPACE),
    # pg_dump's --lock-wait-timeout is a statement timeout around LOCK TABLE.
    ("statement timeout", "end the session that holds the lock on that table, then try again"),
    ("row-level security", "use a role with BYPASSRLS in MIGRATION_DATABASE_URL"),
    ("permission denied", "use the owner, or a member of pg_read_all_data, for migrations"),
    (
        "ssl support is not compiled in",
        "install postgresql-client: this pg_dump was built without",
    ),
    ("password authentication failed", _LOGIN),
    ("no password supplied", _LOGIN),
    ("connection to server", "check the database URL and that the server runs, then try again"),
    (
        "was not done after",
        "raise plugins.backup.timeout_seconds, or look for what blocks pg_dump",
    ),
)
_OTHERWISE = "correct the cause and run the command again; the database was not touched"


class Archiver:
    """Makes and checks archives with one set of *tools*, in one *environment*."""

    def __init__(self, tools: Tools, environment: Mapping[str, str]) -> None:
        self._tools = tools
        self._environment = environment

    def dump(self, url: DatabaseUrl, target: Path, deadline: Deadline) -> None:
        """Write the database of *url* to *target*, which must exist and is overwritten.

        A table that somebody else has locked is waited for for a minute, not for ever.

        Raises `Veto` when pg_dump fails.
        """
        arguments = [
            self._tools.pg_dump,
            "--format=custom",
            f"--compress={compression(self._tools)}",
            f"--lock-wait-timeout={_LOCK_WAIT_SECONDS * 1000}",
            "--no-password",
            f"--file={target}",
            f"--dbname={url.libpq_place()}",
        ]
        try:
            call(arguments, self._environment, deadline)
        except ToolFailedError as error:
            raise _refusal("no backup", self._redact(url, str(error))) from None
        _flush(target)

    def read_back(self, archive: Path, deadline: Deadline) -> None:
        """Decode the whole *archive*; `pg_restore --list` would read only its front.

        A cut-off archive is always found. A flipped bit is found in gzip; zstd archives have no
        checksum of their own, the sha256 in the manifest guards them from here on.

        Raises `Veto` when it cannot be read.
        """
        arguments = [self._tools.pg_restore, f"--file={os.devnull}", str(archive)]
        try:
            call(arguments, plain_environment(), deadline)
        except ToolFailedError as error:
            raise _refusal("the backup cannot be read back", str(error)) from None

    def _redact(self, url: DatabaseUrl, text: str) -> str:
        inherited = self._environment.get("PGPASSWORD")
        text = url.redact(text)
        return text.replace(inherited, "***") if inherited else text


def compression(tools: Tools) -> str:
    """Return the best `--compress` that the pg_dump of *tools* can write.

    zstd at level 1 costs no more time than no compression at all; without it gzip at level 1.
    Whether a build has zstd shows without a server: the argument is refused before it connects.
    """
    nowhere = ["--no-password", "--host=/nonexistent", f"--file={os.devnull}", "nothing"]
    arguments = [tools.pg_dump, "--format=custom", f"--compress={ZSTD}", *nowhere]
    try:
        call(arguments, plain_environment(), Deadline(_PROBE_SECONDS))
    except ToolFailedError as error:
        return ZSTD if "connection" in str(error) else GZIP
    return GZIP


def _flush(path: Path) -> None:
    """Put the file on the disk: pg_dump says it did, a wrapper around it may not."""
    with path.open("rb") as file:
        os.fsync(file.fileno())


def _refusal(what: str, why: str) -> Veto:
    hint = next((help_ for word, help_ in _HINTS if word in why.lower()), _OTHERWISE)
    return Veto(f"{what}: {why}", hint)
