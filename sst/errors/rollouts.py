"""The errors of a command on many databases."""

from __future__ import annotations

from sst.errors.base import SstError
from sst.errors.refusals import RefusedError


class TargetsFailedError(SstError, code="targets_failed"):
    """The command failed on some of the databases; those it ended well on stay as they are."""


class RolloutStoppedError(RefusedError, code="rollout_stopped"):
    """A canary or more databases than may have failed: nothing of the rest was touched."""
