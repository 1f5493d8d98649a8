"""The errors of a run that has begun."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sst.errors.base import NO_FAULT, Fault, SstError
from sst.text import listed

if TYPE_CHECKING:
    from collections.abc import Sequence


class RevisionFailedError(SstError, code="revision_failed"):
    """A revision raised; the message says what is committed and what is not."""

    event = "Revision {revision} failed."

    def __init__(
        self,
        revision: str,
        *,
        why: str,
        committed: Sequence[str],
        next_step: str,
        fault: Fault = NO_FAULT,
    ) -> None:
        kept = listed(committed) or "none"
        super().__init__(
            what=f"{self.event.format(revision=revision)} Committed in this run: {kept}.",
            why=why,
            next_step=next_step,
        )
        self.revision = revision
        self.committed = tuple(committed)
        self.fault = fault


class TransactionEndedError(RevisionFailedError, code="transaction_ended"):
    """A revision committed, rolled back or closed the transaction that was begun for it."""

    event = "Revision {revision} ended its own transaction, and is not recorded as applied."


class ConnectionLostError(RevisionFailedError, code="connection_lost"):
    """The connection to the database died during the run."""

    event = "The connection was lost at revision {revision}."


class StoppedError(SstError, code="stopped"):
    """Something other than a revision ended a run that had committed something."""


class DatabaseReplacedError(StoppedError, code="database_replaced"):
    """A restore gave the database's name to another one during the run."""


class HeadsUnchangedError(SstError, code="heads_unchanged"):
    """env.py ran a revision and the database that we look at did not move."""


class UnhealthyError(SstError, code="unhealthy", exit_code=4):
    """Migrated, but a check after it failed."""


class InterruptedRunError(SstError, code="interrupted"):
    """SIGINT or SIGTERM ended the run; the message says what is committed."""

    def __init__(
        self, signal_number: int, *, why: str, next_step: str, fault: Fault = NO_FAULT
    ) -> None:
        name = {2: "SIGINT", 15: "SIGTERM"}.get(signal_number, str(signal_number))
        super().__init__(what=f"Interrupted by {name}.", why=why, next_step=next_step)
        self.signal_number = signal_number
        self.fault = fault
        self.exit_code = 128 + signal_number
