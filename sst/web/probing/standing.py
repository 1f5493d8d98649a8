"""Where the database stands, read by one look that the state page and the metrics share."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sst.errors import DatabaseUnreachableError, SstError
from sst.migrator.values.report import Report
from sst.web.probing.single_flight import SingleFlight

if TYPE_CHECKING:
    import threading
    from collections.abc import Callable

    from sst.runtime import Runtime

FRESH_SECONDS = 1.5
"""How old what is shown may be; a page that is read again after two seconds shows a new look."""
DEADLINE_SECONDS = 5.0
"""How long a request waits for the database; a scrape gives up after ten seconds."""


def standing_question(runtime: Runtime, preparing: threading.RLock) -> SingleFlight[Report]:
    """Return the question where the database of *runtime* stands: what `status` reports.

    A database that cannot be read, or is late, is a report with its error and without a standing.
    *preparing* is held while the runtime makes its parts.
    """

    def look() -> Report:
        try:
            with preparing:
                migrator = runtime.migrator
            return migrator.status()
        except SstError as error:
            return Report(error=error)

    return SingleFlight(
        look,
        unanswered=_unanswered(runtime.redact),
        deadline_seconds=DEADLINE_SECONDS,
        fresh_seconds=FRESH_SECONDS,
    )


def _unanswered(redact: Callable[[str], str]) -> Callable[[str], Report]:
    def report(reason: str) -> Report:
        error = DatabaseUnreachableError(
            what="The database could not be asked.",
            why=redact(reason),
            next_step="see whether the server answers: `python migrate.py check`",
        )
        return Report(error=error)

    return report
