"""What a command reads and prints while it runs, and whether anything makes its answer doubtful.

A program that it starts, a connection to anywhere, a file that it writes, a plugin's hook that may
answer differently the next time: after any of these its answer is not kept.
"""

from __future__ import annotations

import io
import os
import sys
import time
from contextlib import ExitStack, suppress
from typing import TYPE_CHECKING, Any

from sst.kept import doubts, record
from sst.kept.database import ask
from sst.kept.files import by_folder, settled_digest_of
from sst.kept.varying import Varying, parts_of
from sst.kept.where import keywords_of
from sst.process.looks import audited, looked_for

if TYPE_CHECKING:
    from collections.abc import Iterable
    from typing import TextIO

    from sst.kept.database import Answer
    from sst.kept.where import Ending

_READS = frozenset({"open", "os.listdir", "os.scandir"})
_ACTS = frozenset(
    {
        *("subprocess.Popen", "os.system", "os.posix_spawn", "os.exec", "os.fork", "os.forkpty"),
        *("socket.connect", "socket.bind", "socket.sendto", "socket.sendmsg", "syslog.syslog"),
        *("socket.getaddrinfo", "socket.gethostbyname", "socket.gethostbyaddr"),
        *("os.mkdir", "os.remove", "os.rename", "os.rmdir", "os.link", "os.symlink"),
        *("os.truncate", "os.chmod", "os.chown", "os.utime", "os.kill", "sqlite3.connect"),
    }
)
_BYTE_CODE = "__pycache__"
_DEVICES, _MEMORY = "/dev/", "/dev/shm/"  # noqa: S108 - files like any other
_SYSTEM = ("/proc/", "/sys/")
_DRIVERS = frozenset({"psycopg", "pyodbc", "MySQLdb", "oracledb", "cx_Oracle", "ibm_db"})
"""They connect without an event that Python tells of."""
_ZONE = "/etc/localtime"


class Noting:
    """Notes of one call, from before anything is imported to its end."""

    def __init__(self, key: str, earlier: record.Record | None, before: Answer | None) -> None:
        self._key = key
        self._earlier = earlier
        self._before = before
        self._began_ns = time.time_ns()
        self._paths: set[str] = {_ZONE}
        self._looked_for: set[str] = set()
        self._varying: list[Varying] = []
        self._stack = ExitStack()
        self._copies: list[_Copying] = []
        self.ending: Ending | None = None
        """Given by the command; without one nothing is kept."""
        self.doubt = ""
        """The first thing that makes the answer doubtful."""

    def begin(self) -> None:
        """Listen from here on, and copy what is printed."""
        doubts.begin(self)
        self._stack.enter_context(audited(self._hear))
        self._stack.enter_context(looked_for(self._looked_for.add))
        sys.stdout, sys.stderr = self._copied(sys.stdout), self._copied(sys.stderr)

    def give_up(self, doubt: str) -> None:
        """Keep nothing of this call, because of *doubt*."""
        self.doubt = self.doubt or doubt

    def vary(self, *part: Any) -> None:
        """Take *part* of what is printed, the fields of a `Varying`, for one that changes."""
        self._varying.append(Varying(*part))

    def keep(self, code: int) -> None:
        """Keep what was printed, for the next call; nothing in any doubt, and but for exit 0.

        The command has ended: what fails here changes nothing of that.
        """
        self._stack.close()
        if not _DRIVERS.isdisjoint(sys.modules):
            self.give_up("another driver is loaded")
        if code or self.doubt or self.ending is None:
            return
        with suppress(Exception):
            self._keep(self.ending)

    def _keep(self, ending: Ending) -> None:
        sys.stdout.flush()
        sys.stderr.flush()
        if sys.stdout.isatty() and any(each.kind == "ago" for each in self._varying):
            # What is fitted to a width cannot grow or shrink in one place.
            return
        made = self._record(ending)
        text = made.to_json() if made else ""
        if made and ending.redact(text) == text:
            record.write(self._key, text)

    def _record(self, ending: Ending) -> record.Record | None:
        folders = by_folder(self._all_paths())
        files = settled_digest_of(folders, self._began_ns)
        keywords = keywords_of(ending.keywords, ending.password)
        answer = ask(keywords, ending.question) if files and keywords is not None else None
        stdout, stderr = (parts_of(each.text(), self._varying) for each in self._copies)
        if files is None or answer is None or stdout is None or stderr is None:
            return None
        if not answer.is_settled:
            return None
        made = record.Record(
            at=time.time(),
            folders=folders,
            files=files,
            keywords=dict(ending.keywords),
            password=ending.password,
            question=ending.question,
            answer=answer.digest,
            stdout=stdout,
            stderr=stderr,
            is_believed=False,
        )
        return made._replace(is_believed=self._was_so_before(made))

    def _all_paths(self) -> set[str]:
        """Return every path; a folder that was looked for, and not listed, with a slash."""
        paths = self._paths | set(_modules())
        return paths | {
            f"{path.rstrip('/')}/" if os.path.isdir(path) else path  # noqa: PTH112 - as they are
            for path in self._looked_for - paths
        }

    def _was_so_before(self, made: record.Record) -> bool:
        """Say whether server and files had answered the same before the command began to look."""
        return (
            self._earlier is not None
            and self._before is not None
            and self._earlier.question == made.question
            and self._before.digest == made.answer
            and self._earlier.folders == made.folders
            and self._earlier.files == made.files
        )

    def _copied(self, stream: TextIO) -> TextIO:
        copying = _Copying(stream.fileno())
        self._copies.append(copying)
        return io.TextIOWrapper(
            io.BufferedWriter(copying),
            encoding=stream.encoding,
            errors=stream.errors,
            line_buffering=bool(stream.line_buffering),
        )

    def _hear(self, event: str, arguments: tuple[object, ...]) -> None:
        if event in _READS:
            self._hear_read(event, arguments)
        elif event in _ACTS and _BYTE_CODE not in str(arguments[0]):
            self.give_up(event)

    def _hear_read(self, event: str, arguments: tuple[object, ...]) -> None:
        if not isinstance(arguments[0], str | bytes):
            return
        path = os.path.abspath(os.fsdecode(arguments[0]))  # noqa: PTH100 - pathlib is slow
        if _BYTE_CODE in path or (path.startswith(_DEVICES) and not path.startswith(_MEMORY)):
            return
        if path.startswith(_SYSTEM):
            self.give_up("the state of the system is read")
        if event == "open" and isinstance(arguments[2], int) and arguments[2] & os.O_ACCMODE:
            self.give_up("a file is written")
        self._paths.add(path)


class _Copying(io.FileIO):
    """A stream's number, with a copy of what is written to it."""

    def __init__(self, number: int) -> None:
        super().__init__(number, "wb", closefd=False)
        self._copy = bytearray()

    def write(self, data: Any, /) -> int:  # noqa: ANN401 - whatever holds bytes
        """Write *data* and copy it."""
        count = super().write(data)
        self._copy += memoryview(data)[: count or 0]
        return count

    def text(self) -> str:
        """Return what was written."""
        return self._copy.decode(errors="surrogateescape")


def _modules() -> Iterable[str]:
    """Give the files of every module, and the folders where modules are looked for."""
    for module in list(sys.modules.values()):
        file = getattr(module, "__file__", None)
        if file:
            yield os.path.abspath(file)  # noqa: PTH100 - pathlib is slow
    for folder in sys.path:
        yield os.path.abspath(folder or ".")  # noqa: PTH100 - pathlib is slow
