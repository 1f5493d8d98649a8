"""How a rollout ended, as the error of the command; nothing where all went well."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sst.errors import (
    InterruptedRunError,
    RolloutStoppedError,
    SstError,
    TargetsFailedError,
)
from sst.fleet.outcome import ENDED_BADLY, SETTLED, State, counts
from sst.text import counted, listed

if TYPE_CHECKING:
    from collections.abc import Mapping

    from sst.fleet.outcome import Outcome
    from sst.fleet.rollout import Stop

_SHOWN = 10
_MEND = "see what each of them says, mend it, then run the same command with --resume"
_GO_ON = "run the same command with --resume"
_LOOK = "look at one of them with --target NAME"


def ending(
    outcomes: Mapping[str, Outcome], stop: Stop | None, *, is_change: bool
) -> SstError | None:
    """Return the error that *outcomes* and the *stop* come to; None where nothing failed.

    When a command that changes nothing has one exit code on all databases that it found something
    on, that is its own: 3 where the only thing is what is pending.
    """
    failed = [name for name, each in outcomes.items() if each.state in ENDED_BADLY]
    by_state = counts(outcomes.values())
    names = listed(failed, most=_SHOWN)
    left = f"{counted(by_state[State.SKIPPED], 'target')} not begun"
    settled = sum(by_state[state] for state in SETTLED)
    how_far = f"{counted(settled, 'target')} done, {len(failed)} failed, {left}"
    if stop and stop.signal_number:
        return InterruptedRunError(stop.signal_number, why=how_far, next_step=_GO_ON)
    if stop and stop.error:
        stop.error.why = "; ".join(filter(None, (stop.error.why, how_far)))
        return stop.error
    if stop:
        why = f"failed: {names}; {left}"
        return RolloutStoppedError(what=f"Stopped: {stop.why}.", why=why, next_step=_MEND)
    if not failed:
        return None
    what = f"{len(failed)} of {counted(len(outcomes), 'target')} failed."
    error = TargetsFailedError(what=what, why=names, next_step=_MEND if is_change else _LOOK)
    codes = {outcomes[name].exit_code for name in failed}
    if not is_change and len(codes) == 1:
        error.exit_code = codes.pop() or error.exit_code
    return error
