"""Refusals, exit 5: nothing was touched."""

from __future__ import annotations

from sst.errors.base import SstError


class RefusedError(SstError, code="refused", exit_code=5):
    """The run was refused; nothing was touched."""


class VetoedError(RefusedError, code="vetoed"):
    """A gate refused the run, or broke, before a revision; *code* is the plugin's own word."""


class EnvironmentMismatchError(RefusedError, code="environment_mismatch"):
    """The database belongs to another environment."""


class PlanChangedError(RefusedError, code="plan_changed"):
    """What would run is not the plan that `--plan` names."""


class LintRefusedError(RefusedError, code="lint_refused"):
    """Rules or rows stand against what would run, and `migrate.lint` is `refuse`."""


class ConfirmationError(RefusedError, code="confirmation_required"):
    """A dangerous command without the database's name."""


class PooledConnectionError(RefusedError, code="pooled_connection"):
    """A transaction pooler cannot hold the run's lock."""
