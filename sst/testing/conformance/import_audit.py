"""Import one plugin under an audit hook and say what it did beside defining things.

A process of its own, started by `conformance`: Python's audit events (PEP 578) name every file,
socket, process, thread and variable, and a hook cannot be taken away again.
"""

from __future__ import annotations

import importlib.machinery
import json
import os
import sys
import sysconfig
import threading
from pathlib import Path
from typing import TYPE_CHECKING, Any

from sst.hooks.finding.loading import load
from sst.hooks.finding.sources import Candidate, Kind

if TYPE_CHECKING:
    from types import FrameType

_WORK = {
    "os.system": "runs a program",
    "os.exec": "runs a program",
    "os.fork": "starts a process",
    "os.forkpty": "starts a process",
    "os.posix_spawn": "runs a program",
    "subprocess.Popen": "runs a program",
    "socket.__new__": "opens a socket",
    "socket.getaddrinfo": "asks for an address",
    "os.putenv": "changes a variable of the environment",
    "os.unsetenv": "changes a variable of the environment",
    "os.chdir": "changes the working folder",
    "os.mkdir": "makes a folder",
    "os.remove": "removes a file",
    "os.rename": "renames a file",
    "os.rmdir": "removes a folder",
    "os.symlink": "makes a link",
    "os.chmod": "changes a file's rights",
}
_WRITING = os.O_WRONLY | os.O_RDWR | os.O_CREAT
_CODE = tuple(importlib.machinery.all_suffixes())
_STANDARD = (sysconfig.get_path("stdlib"), sysconfig.get_path("platstdlib"))
_INSTALLED = (sysconfig.get_path("purelib"), sysconfig.get_path("platlib"))


class Auditor:
    """Listens while one plugin, whose code lies below *own*, is imported."""

    def __init__(self, own: str) -> None:
        self.found: list[tuple[str, str, int]] = []
        """The audited acts, by file and line."""
        self.is_listening = False
        self._own = own

    def __call__(self, event: str, arguments: tuple[Any, ...]) -> None:
        """Take note of *event* when it is work."""
        if not self.is_listening:
            return
        if event == "open":
            self._opened(*arguments)
        elif event in _WORK:
            self._note(_WORK[event])

    def watch_threads(self) -> None:
        """Notice threads: Python 3.11 has no audit event for them."""
        start = threading.Thread.start

        def noted_start(thread: threading.Thread) -> None:
            if self.is_listening:
                self._note("starts a thread")
            start(thread)

        threading.Thread.start = noted_start  # type: ignore[method-assign, assignment]

    def _opened(self, path: object, mode: str | None, flags: int) -> None:
        if mode is None and not flags & _WRITING:
            return  # os.open for reading: os.scandir and its like
        if set(mode or "w") & set("wax+"):
            self._note(f"writes {path}")
        elif isinstance(path, str) and not path.endswith(_CODE):
            # What a library reads while it is imported, such as its own metadata, is its business.
            self._note(f"reads {path}", only_own=True)

    def _note(self, what: str, *, only_own: bool = False) -> None:
        file, line = _culprit(sys._getframe(2))  # noqa: SLF001 - the documented way to a frame
        if file.startswith(self._own) or not only_own:
            self.found.append((what, file, line))


def _culprit(frame: FrameType | None) -> tuple[str, int]:
    """Return file and line of the innermost frame that is not Python's own."""
    while frame is not None:
        file = frame.f_code.co_filename
        if not (file.startswith("<frozen") or _is_standard(file) or file == __file__):
            return file, frame.f_lineno
        frame = frame.f_back
    return "", 0


def _is_standard(file: str) -> bool:
    return file.startswith(_STANDARD) and not file.startswith(_INSTALLED)


def main() -> None:
    """Import what the first argument describes; write what was done to the file that it names."""
    told = json.loads(sys.argv[1])
    path = Path(told["path"])
    candidate = Candidate(
        told["name"],
        Kind(told["kind"]),
        "",
        "",
        told["module"],
        path,
    )
    auditor = Auditor(str(path.parent) if path.name == "__init__.py" else str(path))
    sys.addaudithook(auditor)
    auditor.watch_threads()
    auditor.is_listening = True
    load(candidate, Path(told["root"]), [candidate.name])
    auditor.is_listening = False
    Path(told["answer"]).write_text(json.dumps(auditor.found), encoding="utf-8")
    os._exit(0)  # a thread that the plugin has started could go on for ever


if __name__ == "__main__":
    main()
