"""What is told where no revision runs: `stamp`, `check`, `history` and the like."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING

from sqlalchemy.exc import DBAPIError, ProgrammingError

from app.errors import AppError, DatabaseUnreachableError, InterruptedRunError, RefusedError
from app.migrator.heartbeat import ServerSilent
from app.migrator.interrupts import Interrupt

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

_AGAIN = "check the server, then run the command again"


@contextmanager
def told(redact: Callable[[str], str], *, touched: str = "nothing was touched") -> Iterator[None]:
    """Raise what a signal, a silent server or the driver raised as an error that a user can read.

    *touched* says what is changed when the block breaks off, unless a note on the signal
    (`add_note`) knows better; *redact* masks secrets.
    """
    try:
        yield
    except Interrupt as signal:
        raise InterruptedRunError(
            signal.signal_number,
            why="; ".join(getattr(signal, "__notes__", ())) or touched,
            next_step="run the command again",
        ) from signal
    except ServerSilent as silence:
        raise _unreachable(f"no answer for {silence.seconds:g} s", touched) from silence
    except DBAPIError as error:
        raise _from_driver(error, redact, touched) from error


def _from_driver(error: DBAPIError, redact: Callable[[str], str], touched: str) -> AppError:
    lines = str(error.orig).strip().splitlines() or ["no message"]
    why = redact(f"{type(error.orig).__name__}: {lines[0]}")
    if isinstance(error, ProgrammingError):
        # A missing right, table or column: trying again mends nothing.
        return RefusedError(
            what=f"The database refused; {touched}.",
            why=why,
            next_step="give the role the right that it names, then run the command again",
        )
    return _unreachable(why, touched)


def _unreachable(why: str, touched: str) -> DatabaseUnreachableError:
    return DatabaseUnreachableError(
        what=f"The database failed; {touched}.", why=why, next_step=_AGAIN
    )
