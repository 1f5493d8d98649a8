"""What ends a call before it has a report, as an error that a user can read."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sst.errors import InterruptedRunError, SstError, UsageError

if TYPE_CHECKING:
    import click

    from sst.cli.call.invocation import Invocation


def usage_error(error: click.UsageError, program: str) -> UsageError:
    """Return click's complaint as ours; click itself names the nearest option."""
    where, why = program, ""
    if error.ctx:
        where = error.ctx.command_path
        why = " ".join(
            ["the usage is:", where, *error.ctx.command.collect_usage_pieces(error.ctx)]
        )
    return UsageError(
        what=error.format_message(),
        why=why,
        next_step=f"`{where} --help` has the rest",
    )


def interruption() -> SstError:
    """Return the error of a call that a signal has ended before anything was touched."""
    import signal

    hint = "run the command again when you are ready"
    return InterruptedRunError(signal.SIGINT, why="nothing was touched", next_step=hint)


def bug(error: Exception, invocation: Invocation) -> SstError:
    """Return the error that stands for *error*, which nothing in the code expects."""
    text = invocation.clean(f"{type(error).__name__}: {error}")
    found = SstError(
        what="This is a bug: an unexpected error.",
        why=text,
        next_step="repeat it with --debug and report the traceback and the version",
    )
    found.code = "bug"
    found.__cause__ = error
    return found
