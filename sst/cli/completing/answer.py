"""One question of a shell, answered in time or not at all: no complaint, no file, no prompt."""

from __future__ import annotations

import os
import shlex
import signal
import sys
from contextlib import suppress
from typing import TYPE_CHECKING

from click.shell_completion import get_completion_class, split_arg_string

from sst.cli.completing import VARIABLE
from sst.cli.completing.bash_words import rejoined

if TYPE_CHECKING:
    import click

    from sst.cli.call.invocation import Invocation

_PATIENCE_SECONDS = 60.0
_BASH = "bash"
_STANDARD = (0, 1, 2)


def answer(cli: click.Command, invocation: Invocation) -> int:
    """Print what *cli* could take next, as the shell in `VARIABLE` wants it; return 0.

    Whatever fails is an empty answer: the user is in the middle of a line.
    """
    # Importing a plugin would leave files beside it.
    sys.dont_write_bytecode = True
    stdout = os.dup(1)
    _be_silent()
    _end_in_time()
    shell = os.environ[VARIABLE].partition("_")[0]
    invocation.words = tuple(split_arg_string(os.environ.get("COMP_WORDS", ""))[1:])
    # SystemExit too: a plugin that is imported may do whatever it likes.
    with suppress(BaseException):
        made = get_completion_class(shell)
        if made is not None:
            given = _as_typed() if shell == _BASH else ""
            found = made(cli, {"obj": invocation}, invocation.program, VARIABLE).complete()
            os.write(stdout, f"{_behind(given, found)}\n".encode())
    return 0


def _as_typed() -> str:
    """Put the words together that bash has split; return what it takes as given of the last."""
    words = split_arg_string(os.environ["COMP_WORDS"])
    joined, given = rejoined(words, int(os.environ["COMP_CWORD"]))
    os.environ["COMP_WORDS"] = shlex.join(joined)
    os.environ["COMP_CWORD"] = str(len(joined) - 1)
    return given


def _behind(given: str, found: str) -> str:
    """Return the lines `TYPE,VALUE` of *found* with the values behind *given*."""
    pairs = (line.partition(",") for line in found.splitlines())
    return "\n".join(f"{kind}{comma}{value.removeprefix(given)}" for kind, comma, value in pairs)


def _be_silent() -> None:
    """Lead stdin, stdout and stderr nowhere, for good."""
    nowhere = os.open(os.devnull, os.O_RDWR)
    for number in _STANDARD:
        os.dup2(nowhere, number)


def _end_in_time() -> None:
    """End the process when no answer comes: hooks have deadlines, a plugin's import has none."""
    if hasattr(signal, "setitimer"):
        signal.signal(signal.SIGALRM, lambda *_: os._exit(0))
        signal.setitimer(signal.ITIMER_REAL, _PATIENCE_SECONDS)
