"""The process's streams while a command runs: stdout is for its result, stderr for the rest."""

from __future__ import annotations

import os
import sys
from contextlib import contextmanager, redirect_stdout
from typing import TYPE_CHECKING

import click

from sst.errors import SstError

if TYPE_CHECKING:
    from collections.abc import Iterator

_STDOUT, _STDERR = 1, 2
_PLAIN = frozenset({"dumb", "unknown"})
"""Terminals on which nothing can be drawn again."""
_KEPT_STDOUT: list[int] = []
"""The numbers that lead where stdout leads, while `results_only` sends it elsewhere."""


def prepare_streams() -> None:
    """Make stdin, stdout and stderr fit to be used, whatever the caller has left of them."""
    _open_closed()
    for stream in (sys.stdout, sys.stderr):
        if hasattr(stream, "reconfigure"):
            # A log in an ASCII locale must not die of an accent.
            stream.reconfigure(errors="backslashreplace")
    if getattr(sys.stdin, "errors", "") == "strict" and hasattr(sys.stdin, "reconfigure"):
        # Nor a question of an accent in its answer, which is then not the name.
        sys.stdin.reconfigure(errors="backslashreplace")


@contextmanager
def results_only() -> Iterator[None]:
    """Send what plugins and revisions print to stderr: stdout is for the result.

    Of the whole process: a program that a plugin starts writes to the number, not to `sys.stdout`.
    """
    stdout = os.dup(_STDOUT)
    _KEPT_STDOUT.append(stdout)
    try:
        os.dup2(_STDERR, _STDOUT)
        with redirect_stdout(sys.stderr):
            yield
    finally:
        os.dup2(stdout, _STDOUT)
        _KEPT_STDOUT.remove(stdout)
        os.close(stdout)


@contextmanager
def stdout_given_back() -> Iterator[None]:
    """Send what is printed where the result belongs, though `results_only` may hold stdout."""
    if _KEPT_STDOUT:
        os.dup2(_KEPT_STDOUT[0], _STDOUT)
    with redirect_stdout(os.fdopen(os.dup(_STDOUT), "w", encoding="utf-8")) as stdout:
        yield
        stdout.flush()
    sys.stderr.flush()


def is_screen() -> bool:
    """Say whether stderr is a terminal that lines can be drawn on again and again."""
    return sys.stderr.isatty() and os.environ.get("TERM", "").lower() not in _PLAIN


def report_unwritable(error: OSError) -> int:
    """Say that the result could not be printed, unless its reader has gone (`history | head`)."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    if not isinstance(error, BrokenPipeError):
        lost = SstError(
            what=f"The result could not be written to stdout: {error.strerror}.",
            why="the command had come to its end, only its report is lost",
            next_step="see that stdout can be written to; `runs list` has what ran, and of many "
            "databases `status --all`",
        )
        click.echo(str(lost), err=True)
    return 1


def _open_closed() -> None:
    """Give a stream that was closed (`>&-`) its number back, leading nowhere.

    Else the connection to the database gets the number, and what is printed goes to the server.
    """
    for name, mode in (("stdin", "r"), ("stdout", "w"), ("stderr", "w")):
        if getattr(sys, name) is None:
            lowest_free = os.open(os.devnull, os.O_RDWR)
            setattr(sys, name, open(lowest_free, mode, encoding="utf-8", closefd=False))  # noqa: SIM115 - for the whole process
