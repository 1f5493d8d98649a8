"""What a report says twice: in its error or its warnings, and in its checks."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sst.errors import DriftError, UnhealthyError
from sst.migrator.run.events import warnings_of

if TYPE_CHECKING:
    from sst.errors import SstError
    from sst.migrator.values.report import Report


def names_checks(error: SstError | None) -> bool:
    """Say whether *error* is nothing but the checks that have failed, and names each."""
    return isinstance(error, DriftError | UnhealthyError)


def other_warnings(report: Report) -> list[str]:
    """Return the warnings of *report* that no check of it says."""
    of_checks = warnings_of(report.checks)
    return [text for text in report.warnings if text not in of_checks]
