"""Writing an archive with pg_dump and reading it back whole with pg_restore."""

from __future__ import annotations

import os
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from sst.hooks import Veto

from ..postgres.client_environment import plain_environment
from ..postgres.client_programs import major_of
from ..postgres.process import Deadline, ToolFailedError, call, work

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from pathlib import Path

    from sst.hooks import DatabaseUrl

    from ..postgres.client_programs import Tools
    from .contents import Table

CUSTOM = "custom"
DIRECTORY = "directory"
ZSTD = "zstd:1"
GZIP = "1"
PACKED_AS = "gzip:1"
STATISTICS_SINCE = 18
NAMES = {CUSTOM: "archive.dump", DIRECTORY: "archive"}

_LOCK_WAIT_SECONDS = 60
# Nobody is to wait behind a copy that only a plan wants: it holds the locks that it has meanwhile.
# Less than deadlock_timeout, else the server may end a run at work for it.
_LOCK_WAIT_SECONDS_WITHOUT_ROWS = 0.5
_PROBE_SECONDS = 10.0
_NAMES_AT_ONCE = 500

# docs/operators/backups.md has the rule in words.
_WORTH_WORKERS_BYTES = 64_000_000
_MOST_SHARE_OF_SERIAL = 0.8
_FILE_COST_BYTES = 100_000

# `3490; 0 16397 TABLE DATA public note postgres`: the rows are in `3490.dat`.
_ROWS = re.compile(r"^(?P<id>\d+); \d+ \d+ TABLE DATA ", re.MULTILINE)

_SPACE = "free space on that disk, or set plugins.backup.directory to a larger one"
_LOGIN = "check the user and the password of the database URL"

# Messages of the programs (always in English, LC_ALL=C), and the remedy.
_HINTS = (
    ("no space left", _SPACE),
    ("disk quota", _SPACE),
    # pg_dump's --lock-wait-timeout is a statement timeout around LOCK TABLE.
    ("statement timeout", "end the session that holds the lock on that table, then try again"),
    ("row-level security", "use a role with BYPASSRLS in MIGRATION_DATABASE_URL"),
    ("permission denied", "use the owner, or a member of pg_read_all_data, for migrations"),
    ("out of shared memory", "raise max_locks_per_transaction, and restart the server"),
    ("this build does not support", "set plugins.backup.compression to what pg_dump can write"),
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


@dataclass(frozen=True, slots=True)
class Shape:
    """How an archive is written."""

    format: str
    jobs: int
    compression: str
    has_statistics: bool = False
    """Whether the planner's statistics go along."""
    is_packed_here: bool = False
    """Whether pg_dump leaves the files as they are, for `Packer`."""
    has_rows: bool = True
    without: tuple[str, ...] = ()
    """Schemas that are left out."""
    only: str = ""
    """The one schema that is dumped."""

    @property
    def name(self) -> str:
        """The archive's name in the folder of its backup."""
        return NAMES[self.format]


class Archiver:
    """Makes and checks archives with one set of *tools*, in one *environment*.

    *failed* says what there is not when one cannot be made.
    """

    def __init__(
        self, tools: Tools, environment: Mapping[str, str], failed: str = "no backup"
    ) -> None:
        self._failed = failed
        self._tools = tools
        self._environment = environment

    def dump(
        self,
        url: DatabaseUrl,
        folder: Path,
        shape: Shape,
        deadline: Deadline,
        *,
        snapshot: str | None = None,
        look: Callable[[bytes], None] | None = None,
    ) -> None:
        """Write the database of *url*, as *snapshot* sees it, into *folder*; nothing is there yet.

        A table that another session has locked is waited for for a minute, not for ever;
        for half a second without rows.
        *look* is called now and then with all that pg_dump has printed so far.

        Raises `Veto` when pg_dump fails.
        """
        patience = _LOCK_WAIT_SECONDS if shape.has_rows else _LOCK_WAIT_SECONDS_WITHOUT_ROWS
        arguments = [
            self._tools.pg_dump,
            f"--format={shape.format}",
            f"--compress={0 if shape.is_packed_here else shape.compression}",
            f"--lock-wait-timeout={int(patience * 1000)}",
            "--no-password",
            # The files are put on the disk when the backup gets its name.
            "--no-sync",
            "--verbose",
            f"--file={folder / shape.name}",
            f"--dbname={url.libpq_place()}",
            *_options(shape, snapshot),
        ]
        try:
            work(arguments, self._environment, deadline, look)
        except ToolFailedError as error:
            raise refusal(self._failed, self.redact(url, str(error))) from None

    def read_back(self, archive: Path, deadline: Deadline, *, contents: bool = True) -> None:
        """Decode the whole *archive*; `pg_restore --list` would read only its front.

        A cut-off archive is always found. A flipped bit is found in gzip; zstd archives have no
        checksum of their own, the sha256 in the manifest guards them from here on.
        Without *contents* the table of contents is read, which has all but the rows, and every
        file of rows must be there.

        Raises `Veto` when it cannot be read.
        """
        try:
            program, environment = self._tools.pg_restore, plain_environment()
            if contents:
                work([program, f"--file={os.devnull}", str(archive)], environment, deadline)
            else:
                listed = call([program, "--list", str(archive)], environment, deadline)
                _require_rows(archive, listed)
        except ToolFailedError as error:
            raise refusal("the backup cannot be read back", str(error)) from None

    def redact(self, url: DatabaseUrl, text: str) -> str:
        """Return *text* without a secret of *url* or of the environment."""
        inherited = self._environment.get("PGPASSWORD")
        text = url.redact(text)
        return text.replace(inherited, "***") if inherited else text


def choose_format(tables: Sequence[Table], jobs: int, *, can_pack: bool = False) -> str:
    """Return `directory` where *jobs* workers finish sooner than one, else `custom`.

    A worker takes whole tables, so the largest one bounds the time; and every table becomes a
    file, which costs about as much as a tenth of a megabyte of rows. Only a folder of files can be
    packed here, which halves the time even of one table.
    """
    sizes = [table.size_bytes for table in tables if table.has_rows]
    total = sum(sizes)
    if (jobs < 2 and not can_pack) or total < _WORTH_WORKERS_BYTES:  # noqa: PLR2004 - one worker is none
        return CUSTOM
    work = total / 2 if can_pack else max(*sizes, total / jobs)
    longest = work + len(sizes) * _FILE_COST_BYTES
    return DIRECTORY if longest <= total * _MOST_SHARE_OF_SERIAL else CUSTOM


def compression(tools: Tools) -> str:
    """Return the best `--compress` that the pg_dump of *tools* can write.

    zstd at level 1 costs no more time than no compression at all; without it gzip at level 1.
    lz4 is as fast and leaves twice the size.
    Whether a build has zstd shows without a server: the argument is refused before it connects.
    """
    nowhere = ["--no-password", "--host=/nonexistent", f"--file={os.devnull}", "nothing"]
    arguments = [tools.pg_dump, "--format=custom", f"--compress={ZSTD}", *nowhere]
    try:
        call(arguments, plain_environment(), Deadline(_PROBE_SECONDS))
    except ToolFailedError as error:
        return ZSTD if "connection" in str(error) else GZIP
    return GZIP


def carries_statistics(tool_version: str, server_version: str) -> bool:
    """Say whether an archive that this pg_dump makes of this server has planner statistics.

    An older server could not read them back.
    """
    return min(major_of(tool_version), major_of(server_version)) >= STATISTICS_SINCE


def _require_rows(archive: Path, listed: str) -> None:
    """Raise `ToolFailedError` unless every table in the *listed* contents has its file of rows."""
    there = {path.name.partition(".")[0] for path in archive.iterdir()}
    for entry in _ROWS.finditer(listed):
        if entry["id"] not in there:
            raise ToolFailedError(f"{archive.name}/{entry['id']}.dat.gz is missing")


def refusal(what: str, why: str) -> Veto:
    """Return the refusal of *what*, with the hint that fits the program's message *why*."""
    hint = next((remedy for cause, remedy in _HINTS if cause in why.lower()), _OTHERWISE)
    return Veto(f"{what}: {why}", hint)


def _any_of(names: Sequence[str]) -> str:
    """Return *names* as one pattern of pg_dump: a regular expression in which quotes quote."""
    quoted = ('"{}"'.format(name.replace('"', '""')) for name in names)
    return f"({'|'.join(quoted)})"


def _options(shape: Shape, snapshot: str | None) -> list[str]:
    options = [f"--jobs={shape.jobs}"] if shape.format == DIRECTORY else []
    if shape.has_statistics:
        options.append("--statistics")
    if not shape.has_rows:
        options.append("--schema-only")
    if shape.only:
        options.append(f"--schema={_any_of([shape.only])}")
    without = shape.without
    parts = (without[i : i + _NAMES_AT_ONCE] for i in range(0, len(without), _NAMES_AT_ONCE))
    options += [f"--exclude-schema={_any_of(names)}" for names in parts]
    return [*options, f"--snapshot={snapshot}"] if snapshot else options
