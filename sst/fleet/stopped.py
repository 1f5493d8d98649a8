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
_MEND = "see what each of them says, mend it, then"
_AGAIN = "run the same command again"
_GO_ON = "run the same command with --resume"
_LOOK = "look at one of them with --target NAME"
_TO_DO = 3


def ending(
    outcomes: Mapping[str, Outcome], stop: Stop | None, *, is_change: bool, can_resume: bool
) -> SstError | None:
    """Return the error that *outcomes* and the *stop* come to; None where nothing failed.

    *can_resume* says whether the command has `--resume`.
    When a command that changes nothing has one exit code on all databases that it found something
    on, that is its own: 3 where the only thing is what is pending.
    """
    failed = [name for name, each in outcomes.items() if each.state in ENDED_BADLY]
    by_state = counts(outcomes.values())
    names = listed(failed, most=_SHOWN)
    left = f"{counted(by_state[State.SKIPPED], 'target')} not begun"
    settled = sum(by_state[state] for state in SETTLED)
    again = _GO_ON if can_resume else _AGAIN
    how_far = f"{counted(settled, 'target')} done, {len(failed)} failed, {left}"
    if stop and stop.signal_number:
        return InterruptedRunError(stop.signal_number, why=how_far, next_step=again)
    if stop and stop.error:
        stop.error.why = "; ".join(filter(None, (stop.error.why, how_far)))
        return stop.error
    if stop:
        why = f"failed: {names}; {left}"
        what, next_step = f"Stopped: {stop.why}.", f"{_MEND} {again}"
        return RolloutStoppedError(what=what, why=why, next_step=next_step)
    if not failed:
        return None
    codes = {outcomes[name].exit_code for name in failed}
    code = codes.pop() if len(codes) == 1 and not is_change else None
    has = "has" if len(failed) == 1 else "have"
    became = f"{has} something to do" if code == _TO_DO else "failed"
    what = f"{len(failed)} of {counted(len(outcomes), 'target')} {became}."
    next_step = f"{_MEND} {again}" if is_change else _LOOK
    error = TargetsFailedError(what=what, why=names, next_step=next_step)
    error.exit_code = code or error.exit_code
    return error
