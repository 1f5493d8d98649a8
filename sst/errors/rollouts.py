"""The errors of a command on many databases."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sst.errors.base import SstError
from sst.errors.refusals import RefusedError
from sst.errors.temporary import TemporaryError

if TYPE_CHECKING:
    from collections.abc import Iterable


class TargetsFailedError(SstError, code="targets_failed"):
    """The command failed on some of the databases; those it ended well on stay as they are."""


class RolloutStoppedError(RefusedError, code="rollout_stopped"):
    """A canary or more databases than may have failed: nothing of the rest was touched."""


class OtherReleaseError(TemporaryError, code="other_release"):
    """A worker has other revision files than the call that it is to work for."""

    def __init__(self, wanted: Iterable[str], own: Iterable[str]) -> None:
        super().__init__(
            what="The worker has another release than the call: nothing was touched.",
            why=f"its revision files end at {', '.join(own) or 'none'}, "
            f"those of the call at {', '.join(wanted)}",
            next_step="bring the workers to the release of the call, then run it with --resume",
        )
