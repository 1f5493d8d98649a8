"""The call and its process, as one digest: another word, variable or user is another call."""

from __future__ import annotations

import hashlib
import json
import os
import sys
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence
    from typing import TextIO

_OF_A_SESSION = (
    *("OLDPWD", "PWD", "SHLVL", "WINDOWID", "_"),
    *("TRACEPARENT", "TRACESTATE", "BAGGAGE"),
    *("INVOCATION_ID", "JOURNAL_STREAM", "TMUX", "STY", "DBUS_SESSION_BUS_ADDRESS"),
)
_OF_SESSIONS = ("SSH_", "XDG_SESSION", "XDG_RUNTIME", "TERM_", "TMUX_", "VSCODE_", "LS_COLORS")


def lasting(environ: Mapping[str, str]) -> Iterable[tuple[str, str]]:
    """Return the variables, sorted, without those of a session, which decide nothing."""
    return sorted((name, value) for name, value in environ.items() if not _is_session(name))


def key_of(root: str | None, words: Sequence[str]) -> str:
    """Return the digest of a call with *words* on the project in *root*, by this process.

    The values of the environment are in it, secrets among them, and cannot be read out of it.
    """
    parts = [
        [root, *words],
        os.getcwd(),  # noqa: PTH109 - pathlib is not imported for it
        [sys.executable, sys.version, repr(sys.flags), sys.warnoptions, sys.path],
        os.uname().nodename,
        [os.getuid(), os.geteuid(), os.getgid(), os.getegid(), os.getgroups()],
        [_form(sys.stdout), _form(sys.stderr), sys.stdin.isatty()],
        lasting(os.environ),
    ]
    return hashlib.sha256(json.dumps(parts).encode(errors="surrogateescape")).hexdigest()


def _form(stream: TextIO) -> list[object]:
    """Return what a text on *stream* depends on."""
    size = os.get_terminal_size(stream.fileno()) if stream.isatty() else None
    return [stream.encoding, size and size.columns]


def _is_session(name: str) -> bool:
    return name in _OF_A_SESSION or name.startswith(_OF_SESSIONS)
