"""What `check`, `lint` and `repair` found, exit 3."""

from __future__ import annotations

from sst.errors.base import SstError


class FindingError(SstError, code="finding", exit_code=3):
    """`check` found something to do; nothing was touched."""


class PendingError(FindingError, code="pending"):
    """Revisions are pending."""


class DriftError(FindingError, code="check_failed"):
    """A check fails; *code* is the check's own word where it has one."""


class RepairNeededError(FindingError, code="repair_needed"):
    """`repair` found something that is not repaired."""


class InterruptedStateError(FindingError, code="interrupted_run"):
    """An earlier run was killed and said nothing."""


class LintError(FindingError, code="lint"):
    """`lint` found errors that no revision accepts."""
