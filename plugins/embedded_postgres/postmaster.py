"""The running server as its `postmaster.pid` describes it, and whether that can be believed."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import time
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

PORT = 5432
_FILE = "postmaster.pid"
_SOCKET = f".s.PGSQL.{PORT}"
_LINES = 8
_PAUSE_SECONDS = 0.02
_STOP_SECONDS = 15.0
_KILL_SECONDS = 5.0


@dataclass(frozen=True, slots=True)
class Postmaster:
    """A complete postmaster.pid; PostgreSQL source, src/include/utils/pidfile.h."""

    process_id: int
    socket_folder: Path
    is_ready: bool

    @property
    def accepts(self) -> bool:
        """Whether somebody listens on the socket."""
        with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as probe:
            # A stopped server takes what its queue has room for; then this would wait for ever.
            probe.settimeout(0)
            try:
                probe.connect(str(self.socket_folder / _SOCKET))
            except OSError:
                return False
        return self.is_ready


def read(data: Path) -> Postmaster | None:
    """Return what *data*'s postmaster.pid says, None when there is none or it is half written."""
    lines = _lines(data)
    if len(lines) < _LINES:
        return None
    return Postmaster(_number(lines), Path(lines[4]), lines[7].strip() == "ready")


def is_alive(data: Path) -> bool:
    """Say whether the process that postmaster.pid names is a server of *data*."""
    return _server_process(data) is not None


def forget_the_dead(data: Path, socket_folder: Path) -> None:
    """Remove the lock files of a server that is gone, in its *data* and beside its socket.

    PostgreSQL believes them as long as any process of ours has the number that they name.
    """
    if not is_alive(data):
        (data / _FILE).unlink(missing_ok=True)
        (socket_folder / f"{_SOCKET}.lock").unlink(missing_ok=True)


def stop(data: Path) -> None:
    """Stop *data*'s server, quickly but with a clean end; harmless when there is none."""
    for number, patience in ((signal.SIGINT, _STOP_SECONDS), (signal.SIGQUIT, _KILL_SECONDS)):
        process_id = _server_process(data)
        if process_id is None:
            return
        _send(process_id, number)
        # One that is stopped would obey whenever somebody lets it go on, and have new users then.
        _send(process_id, signal.SIGCONT)
        wait_until(lambda: not is_alive(data), patience)


def reap(process_id: int) -> None:
    """Wait for a child of ours that is about to end, so that it does not stay as a zombie."""
    wait_until(lambda: _has_ended(process_id), _KILL_SECONDS)


def wait_until(is_done: Callable[[], bool], patience_seconds: float) -> bool:
    """Ask *is_done* every few milliseconds; say whether it came true in time."""
    deadline = time.monotonic() + patience_seconds
    while not is_done():
        if time.monotonic() > deadline:
            return False
        time.sleep(_PAUSE_SECONDS)
    return True


def _lines(data: Path) -> list[str]:
    try:
        return (data / _FILE).read_text().splitlines()
    except FileNotFoundError:
        return []


def _server_process(data: Path) -> int | None:
    """Return the server's process id; after a reboot the number in the file can be anybody's."""
    lines = _lines(data)
    if not lines:
        return None
    number = _number(lines)
    return number if f" -D {data} -c " in _command_line(number) else None


def _number(lines: list[str]) -> int:
    """Return the process id; 0, which is nobody's, when a full disk or a crash left no number."""
    return int(lines[0]) if lines[0].isdecimal() else 0


def _command_line(process_id: int) -> str:
    try:
        line = Path(f"/proc/{process_id}/cmdline").read_text(errors="surrogateescape")
    except OSError:
        return "" if Path("/proc/self").exists() else _ask_ps(process_id)
    return line.replace("\0", " ")


def _ask_ps(process_id: int) -> str:
    command = ["ps", "-ww", "-o", "command=", "-p", str(process_id)]
    return subprocess.run(command, capture_output=True, text=True, check=False).stdout


def _send(process_id: int, number: signal.Signals) -> None:
    try:
        os.kill(process_id, number)
    except ProcessLookupError:
        return


def _has_ended(process_id: int) -> bool:
    try:
        return os.waitpid(process_id, os.WNOHANG)[0] != 0
    except ChildProcessError:
        return True
