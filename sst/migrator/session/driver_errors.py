"""Driver errors where no revision runs, as ours: `stamp`, `check`, `history` and the like."""

from __future__ import annotations

import signal
from contextlib import contextmanager
from typing import TYPE_CHECKING

from sqlalchemy.exc import DBAPIError

from sst.db.advice import advice_for
from sst.db.server_errors import server_message, trying_again_is_vain
from sst.errors import DatabaseUnreachableError, InterruptedRunError, RefusedError, SstError
from sst.migrator.session.heartbeat import ServerSilent
from sst.migrator.session.signals import Interrupt

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

_AGAIN = "check the server, then run the command again"


@contextmanager
def translate_driver_errors(
    redact: Callable[[str], str], *, touched: str = "nothing was touched", role: str = "ROLE"
) -> Iterator[None]:
    """Raise what a signal, a silent server or the driver raised as an error that a user can read.

    *touched* says what is changed when the block breaks off, unless a note on the signal
    (`add_note`) knows better; *redact* masks secrets; *role* is whom a right is to be given to.
    """
    try:
        yield
    except (Interrupt, KeyboardInterrupt) as raised:
        raise InterruptedRunError(
            raised.signal_number if isinstance(raised, Interrupt) else signal.SIGINT,
            why="; ".join(getattr(raised, "__notes__", ())) or touched,
            next_step="run the command again",
        ) from raised
    except ServerSilent as silence:
        raise _unreachable(f"no answer for {silence.seconds:g} s", touched) from silence
    except DBAPIError as error:
        raise _from_driver(error, redact, touched, role) from error


def _from_driver(
    error: DBAPIError, redact: Callable[[str], str], touched: str, role: str
) -> SstError:
    why = redact(server_message(error))
    if trying_again_is_vain(error):
        advice = advice_for(error, role) or "give the role the right that it names"
        return RefusedError(
            what=f"The database refused; {touched}.",
            why=why,
            next_step=f"{advice}, then run the command again",
        )
    return _unreachable(why, touched)


def _unreachable(why: str, touched: str) -> DatabaseUnreachableError:
    return DatabaseUnreachableError(
        what=f"The database failed; {touched}.", why=why, next_step=_AGAIN
    )
