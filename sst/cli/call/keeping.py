"""A command that changes nothing leaves what its answer came of: it can be told again."""

from __future__ import annotations

from contextlib import suppress
from typing import TYPE_CHECKING

from sst.kept import doubts
from sst.kept.where import Ending, place_of

if TYPE_CHECKING:
    from sst.cli.call.invocation import Invocation
    from sst.migrator.values.report import Report
    from sst.runtime import Runtime

_PASSWORD = "password"  # noqa: S105 - the keyword
_KEY_PASSWORD = "sslpassword"  # noqa: S105 - the keyword


def offer(report: Report, code: int, invocation: Invocation) -> None:
    """Leave what *report*, which has been printed, came of; nothing unless all is well."""
    kept, notes, runtime = invocation.presentation.kept, doubts.current(), invocation.opened
    if kept and notes and runtime and code == 0 and report.run_id is None:
        with suppress(Exception):  # it has been answered: the next call looks again
            notes.ending = _ending(runtime, with_schema=kept == "schema")


def _ending(runtime: Runtime, *, with_schema: bool) -> Ending | None:
    """Return how the database is asked again; None where its password cannot be read again."""
    keywords, root = runtime.migrator.connection_keywords(), str(runtime.project_root)
    place = place_of(keywords.pop(_PASSWORD, None), root, runtime.environment)
    if place is None or _KEY_PASSWORD in keywords:
        return None
    question = runtime.migrator.question(with_schema=with_schema)
    return Ending(keywords, place, question, runtime.redact)
