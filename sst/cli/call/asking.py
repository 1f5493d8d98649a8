"""Questions on the terminal: asked on stderr, answered on stdin, wherever stdout leads."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

import click

if TYPE_CHECKING:
    from collections.abc import Callable

_YES = {"y", "yes"}


def asker() -> Callable[[str], str] | None:
    """Return a function that asks on the terminal; None when there is nobody to ask.

    Its answer is one line. Nothing at all, or the end of the input (Ctrl-D), is an empty text,
    and never asked for again: nobody may answer by leaning on a key.
    """
    if not (sys.stdin.isatty() and sys.stderr.isatty()):
        return None
    return _ask


def agrees(question: str) -> bool:
    """Ask *question* on the terminal; whatever is no yes is a no."""
    return _ask(f"{question} [y/N]: ").strip().lower() in _YES


def _ask(question: str) -> str:
    from sst.cli.live.display import without_lines

    with without_lines():
        return _answer(question)


def _answer(question: str) -> str:
    from sst.command_line import as_typed
    from sst.layout.labelled import below_name
    from sst.redaction.redact import visible
    from sst.text import terminal_columns

    columns = terminal_columns(sys.stderr) or 80
    lines = [
        part
        for line in visible(as_typed(question)).split("\n")
        for part in below_name(line, columns)
    ]
    # The blank behind a question belongs to it.
    asked = "\n".join(lines).rstrip() + question[len(question.rstrip()) :]
    click.echo(asked, nl=False, err=True)
    try:
        answer = sys.stdin.readline()
    except BaseException:
        # Ctrl-C: the terminal has written `^C` behind the question.
        click.echo(err=True)
        raise
    if not answer.endswith("\n"):
        click.echo(err=True)
    return answer.removesuffix("\n")
