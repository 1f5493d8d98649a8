"""One pg_restore into a database: its settings, and an error that an older server must make."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from ..postgres.client_environment import client_environment
from ..postgres.process import ToolFailedError, work

if TYPE_CHECKING:
    from pathlib import Path

    from sst.hooks import DatabaseUrl

    from ..postgres.client_programs import Tools
    from ..postgres.process import Deadline

# Indexes are sorted in memory, half a gigabyte for all jobs, or as much as the server allows each.
# No commit waits for the disk: WAL is written in order, so the first one that does wait, at the
# latest the one that gives the database its name, waits for all before it.
_SETTINGS = "-c synchronous_commit=off -c maintenance_work_mem={kilobytes}kB"
# pg_restore 17 sets it on every server; an older one does not know it, and nothing is lost.
# Each of its processes says so, and not all of them are counted. Servers have their own language.
_SETTING_SINCE = 17
_REFUSED_SETTING = re.compile(
    r'^\S+: error: could not execute query: .*"transaction_timeout".*\n'
    r"Command was: SET transaction_timeout = 0;$",
    re.MULTILINE,
)
_ERROR = re.compile(r"^\S+: (error|fatal): ", re.MULTILINE)
_IGNORED = re.compile(r"^\S+: warning: errors ignored on restore: \d+$", re.MULTILINE)


@dataclass(frozen=True, slots=True)
class PgRestore:
    """One pg_restore into the database of *target*, called once or for each of its sections."""

    tools: Tools
    server_major: int
    target: DatabaseUrl
    deadline: Deadline
    memory_kb: int

    def restore(self, archive: Path, *arguments: str) -> None:
        """Restore *archive* with *arguments*; raise `ToolFailedError` when anything fails."""
        is_old = self.server_major < _SETTING_SINCE <= self.tools.major
        to_the_end = [] if is_old else ["--exit-on-error"]
        try:
            self._call(archive, *arguments, *to_the_end)
        except ToolFailedError as error:
            if not (is_old and is_harmless(error.complaint)):
                raise

    def restore_most(self, archive: Path, *arguments: str) -> None:
        """Restore of *archive* what can be; raise `ToolFailedError` when it was not tried."""
        try:
            self._call(archive, *arguments)
        except ToolFailedError as error:
            if not _IGNORED.search(error.complaint):
                raise

    def _call(self, archive: Path, *arguments: str) -> None:
        database = f"--dbname={self.target.libpq_place()}"
        options = _SETTINGS.format(kilobytes=self.memory_kb)
        environment = client_environment(self.target, watched=True, options=options)
        command = [self.tools.pg_restore, *arguments, database, str(archive)]
        work(command, environment, self.deadline)


def is_harmless(complaint: str) -> bool:
    """Say whether the only error was a setting that an older server does not know.

    *complaint* is the output of pg_restore. It must have come to its end, and have printed no
    error but that one.
    """
    rest, refused = _REFUSED_SETTING.subn("", complaint)
    return refused > 0 and _IGNORED.search(rest) is not None and not _ERROR.search(rest)
