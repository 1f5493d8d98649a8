"""Start a server through its keeper, and say what went wrong when it does not start."""

from __future__ import annotations

import json
import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

from . import keeper, lease, postmaster
from .account import process_options
from .cluster import program_environment
from .sockets import socket_folder

if TYPE_CHECKING:
    from .binaries import Installation
    from .place import Place

_LOG_LIMIT_BYTES = 1_000_000
_FAST = {
    "fsync": "off",
    "full_page_writes": "off",
    "synchronous_commit": "off",
    "max_connections": "200",
}


def start(
    place: Place, installation: Installation, *, durable: bool, timeout_seconds: float
) -> str | None:
    """Start *place*'s server and wait until it is ready; return what went wrong, or None."""
    _shorten(place.log)
    spec = {
        "command": _command(place, installation, {} if durable else _FAST),
        "data": str(place.data),
        "environment": program_environment(),
        "log": str(place.log),
        "process_options": process_options(place.account),
        "start_timeout_seconds": timeout_seconds,
        "users_lock": str(place.users_lock),
    }
    answer = _spawn_keeper(place, spec)
    return None if answer == keeper.READY else answer or "its keeper has died"


def last_words(place: Place) -> str:
    """Return the last line of the server's log that tells of an error, else the last line."""
    try:
        lines = place.log.read_text(errors="replace").splitlines()[-20:]
    except FileNotFoundError:
        return ""
    grave = [line for line in lines if "FATAL:" in line or "PANIC:" in line or "error" in line]
    return (grave or lines or [""])[-1].strip()


def _command(place: Place, installation: Installation, extra: dict[str, str]) -> list[str]:
    folder = str(socket_folder(place)).replace('"', '""')
    settings = {
        "listen_addresses": "",
        "port": str(postmaster.PORT),
        "unix_socket_directories": f'"{folder}"',
        "unix_socket_permissions": "0700",
        **extra,
    }
    options = [word for name, value in settings.items() for word in ("-c", f"{name}={value}")]
    return [installation.program("postgres"), "-D", str(place.data), *options]


def _spawn_keeper(place: Place, spec: dict[str, Any]) -> str:
    """Return the keeper's first line: `posix_spawn` leaves no object that must be waited for."""
    listening, telling = os.pipe()
    try:
        process_id = os.posix_spawn(
            sys.executable,
            [sys.executable, "-I", str(Path(keeper.__file__)), json.dumps(spec)],
            program_environment(),
            file_actions=[
                (os.POSIX_SPAWN_OPEN, 0, os.devnull, os.O_RDONLY, 0),
                (os.POSIX_SPAWN_DUP2, telling, 1),
                (os.POSIX_SPAWN_OPEN, 2, place.log, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600),
            ],
        )
    finally:
        os.close(telling)
    lease.remember_keeper(place, process_id)
    with os.fdopen(listening) as lines:
        return lines.readline().strip()


def _shorten(log: Path) -> None:
    if log.exists() and log.stat().st_size > _LOG_LIMIT_BYTES:
        os.truncate(log, 0)
