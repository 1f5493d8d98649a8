"""The script of an archive, run on a session of our own, inside its transaction.

pg_restore cannot restore under another name, nor in a transaction in which more than the restore
is done. So it writes its script, which is run here: statements as they are, rows as a stream.
"""

from __future__ import annotations

import re
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from psycopg2 import sql

from ..postgres.client_environment import plain_environment
from ..postgres.name_properties import spelled
from ..postgres.process import ToolFailedError, streamed, work

if TYPE_CHECKING:
    from typing import IO

    from ..postgres.client_programs import Tools
    from ..postgres.database_session import Session
    from ..postgres.process import Deadline
    from ..postgres.task import Watch

_ENCODING = re.compile(rb"^SET client_encoding = '(\w+)';$", re.MULTILINE)
# A key that psql asks for before and after a script since CVE-2025-8714; no statement.
_RESTRICTION = re.compile(rb"^\\restrict (\w+)\n", re.MULTILINE)
# pg_restore 17 sets it on every server; an older one does not know it.
_LATER_SETTING = re.compile(rb"^SET transaction_timeout = 0;\n", re.MULTILINE)
_LATER_SETTING_SINCE = 17
_NO_PATH = b"SELECT pg_catalog.set_config('search_path', '', false);\n"
_NO_LOCK_TIMEOUT = b"SET lock_timeout = 0;\n"
_QUOTED = re.compile(rb"'[^']*'|\"[^\"]*\"")
_END_OF_ROWS = b"\\.\n"


@dataclass(frozen=True, slots=True)
class Script:
    """The script that *tools* make of *archive*, with *arguments* of pg_restore."""

    archive: Path
    tools: Tools
    deadline: Deadline
    arguments: tuple[str, ...] = ()
    search_path: str = ""
    """Of functions while the schema is made; empty: none."""

    def run(self, session: Session, watch: Watch) -> None:
        """Run it in the transaction of *session*, unless *watch* says that nobody waits.

        Raises `psycopg2.Error` and `ToolFailedError`: then the transaction is to be rolled back.
        """
        definitions = self._section("pre-data")
        if encoding := _ENCODING.search(definitions):
            session.execute(f"SET client_encoding = '{encoding[1].decode()}'")
        if self.search_path:
            path = spelled("search_path", self.search_path)
            session.execute(sql.SQL("SET search_path TO {}").format(path))
        self._run(session, definitions)
        watch.check()
        command = self._command("data", "-")
        with streamed(command, plain_environment(), self.deadline) as script:
            self._copy(session, script, watch)
        self._run(session, self._section("post-data"))
        session.execute("SET client_encoding = 'UTF8'")
        session.execute("SET search_path = pg_catalog")

    def _command(self, section: str, to: str) -> list[str]:
        options = [f"--section={section}", f"--file={to}", *self.arguments]
        return [self.tools.pg_restore, *options, str(self.archive)]

    def _section(self, section: str) -> bytes:
        with tempfile.TemporaryDirectory(prefix="sst-backup-") as folder:
            path = Path(folder) / "script.sql"
            work(self._command(section, str(path)), plain_environment(), self.deadline)
            return path.read_bytes()

    def _run(self, session: Session, script: bytes) -> None:
        if found := _RESTRICTION.search(script):
            before, _, after = script.rpartition(b"\\unrestrict " + found[1])
            script = (before + after).replace(found[0], b"", 1)
        if session.server_major < _LATER_SETTING_SINCE:
            script = _LATER_SETTING.sub(b"", script, count=1)
        # What waits for a lock on another schema's table lets others wait behind it.
        script = script.replace(_NO_LOCK_TIMEOUT, b"", 1)
        if self.search_path:
            script = script.replace(_NO_PATH, b"", 1)
        # Of the rows' section each setting comes alone.
        if script.strip():
            session.execute(script)

    def _copy(self, session: Session, script: IO[bytes], watch: Watch) -> None:
        """Run the section of rows: COPY with its rows, the values of sequences."""
        statement = b""
        for line in script:
            # A comment never stands inside of a statement.
            if not statement and (line.startswith((b"--", b"\\")) or not line.strip()):
                continue
            statement += line
            plain = _QUOTED.sub(b"", statement)
            if b"'" in plain or b'"' in plain or not plain.rstrip().endswith(b";"):
                continue
            watch.check()
            if plain.rstrip().endswith(b" FROM stdin;"):
                session.copy(statement, _Rows(script, watch))
            elif statement != _NO_PATH or not self.search_path:
                self._run(session, statement)
            statement = b""


class _Rows:
    """The rows of one COPY, read from its *script*."""

    def __init__(self, script: IO[bytes], watch: Watch) -> None:
        self._script = script
        self._watch = watch
        self._is_over = False

    def read(self, size: int) -> bytes:
        """Return about *size* bytes of rows, whole lines; nothing at their end."""
        self._watch.check()
        lines: list[bytes] = []
        length = 0
        while not self._is_over and length < size:
            line = self._script.readline()
            if not line:
                raise ToolFailedError("pg_restore ended within the rows of a table")
            self._is_over = line == _END_OF_ROWS
            if not self._is_over:
                lines.append(line)
                length += len(line)
        return b"".join(lines)
