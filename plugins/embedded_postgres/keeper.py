"""Start one server, wait until no process uses it, stop it.

A process of its own, so that the server ends with its last user even when that one was killed.
Standard library only: it runs as `python -I keeper.py SPEC`, outside the project.
"""

from __future__ import annotations

import fcntl
import json
import os
import signal
import subprocess
import sys
import threading
import time
from contextlib import suppress
from pathlib import Path
from typing import Any

READY = "ready"
_PAUSE_SECONDS = 0.02
_STOP_SECONDS = 60.0


def main(spec: dict[str, Any]) -> int:
    """Keep the server that *spec* describes; say `ready` or what went wrong on stdout."""
    os.setsid()
    server = _start(spec)
    problem = _await_ready(server, Path(spec["data"]), spec["start_timeout_seconds"])
    _tell(problem or READY)
    if problem is None:
        _wait_until_unused(spec["users_lock"], server)
    _stop(server)
    return 0 if problem is None else 1


def _start(spec: dict[str, Any]) -> subprocess.Popen[bytes]:
    with Path(spec["log"]).open("ab") as log:
        return subprocess.Popen(
            spec["command"],
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
            cwd=spec["data"],
            env=spec["environment"],
            **spec["process_options"],
        )


def _await_ready(server: subprocess.Popen[bytes], data: Path, patience: float) -> str | None:
    deadline = time.monotonic() + patience
    while server.poll() is None:
        if _is_ready(server.pid, data):
            return None
        if time.monotonic() > deadline:
            return f"it was not ready after {patience:g} s"
        time.sleep(_PAUSE_SECONDS)
    return f"it ended with code {server.returncode}"


def _is_ready(process_id: int, data: Path) -> bool:
    try:
        lines = (data / "postmaster.pid").read_text().split()
    except FileNotFoundError:
        return False
    return lines[:1] == [str(process_id)] and lines[-1:] == [READY]


def _tell(line: str) -> None:
    # Who asked may have been killed meanwhile: then nobody listens, and nobody uses the server.
    with suppress(BrokenPipeError):
        os.write(1, f"{line}\n".encode())
    nowhere = os.open(os.devnull, os.O_RDWR)
    os.dup2(nowhere, 1)


def _wait_until_unused(lock: str, server: subprocess.Popen[bytes]) -> None:
    """Wait until nobody uses *server*, or it has ended; a stop by a signal is no end of it."""
    # The lock is kept until this process ends: a newcomer waits for the stop, then starts anew.
    descriptor = os.open(lock, os.O_RDWR)
    is_over = threading.Event()

    def await_its_end() -> None:
        # A server that dies by itself must not stay as a zombie: its number would look alive.
        server.wait()
        is_over.set()

    def await_its_last_user() -> None:
        fcntl.flock(descriptor, fcntl.LOCK_EX)
        is_over.set()

    for wait in (await_its_end, await_its_last_user):
        threading.Thread(target=wait, daemon=True).start()
    is_over.wait()


def _stop(server: subprocess.Popen[bytes]) -> None:
    server.send_signal(signal.SIGINT)
    # One that is stopped would obey whenever somebody lets it go on, and by then have new users.
    server.send_signal(signal.SIGCONT)
    try:
        server.wait(_STOP_SECONDS)
    except subprocess.TimeoutExpired:
        server.send_signal(signal.SIGQUIT)
        server.wait()


if __name__ == "__main__":
    sys.exit(main(json.loads(sys.argv[1])))
