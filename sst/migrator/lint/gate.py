"""The gate of a run: its plan is rehearsed and judged before anything is prepared for it.

Most runs are not judged: what a rehearsal needs is imported when there is one.
"""

from __future__ import annotations

import shlex
from typing import TYPE_CHECKING

from sst.errors import InterruptedRunError, LintRefusedError
from sst.hooks.contract.error_location import describe_error
from sst.hooks.progress import ProgressLine
from sst.migrator.values.verdict import Reason, Verdict
from sst.text import counted, listed

if TYPE_CHECKING:
    from collections.abc import Sequence

    from sst.bridge import EnvFacts, Step
    from sst.migrator.rehearsal.rehearsal import Rehearsal
    from sst.migrator.values.context import Context

WARN, REFUSE, OFF = "warn", "refuse", "off"
_SHOWN = 10
_FURTHER = "\n        "


def lint_mode(context: Context) -> str:
    """Return what a run does with an error of a rule: `warn`, `refuse` or `off`.

    Where the settings do not say it is `off` in a protected environment, else `warn`.
    """
    return context.settings.lint or (OFF if context.is_protected else WARN)


def is_judged(context: Context, before: Sequence[str]) -> bool:
    """Say whether a run from the revisions *before* is judged.

    In an empty database there is nobody who could wait, and without a rule nothing to say. Where
    nothing is ever rehearsed (`migrate.rehearse`) a warning of that at each run helps nobody.
    """
    return _can_be_judged(context, before) and lint_mode(context) != OFF


def verdict_on(
    context: Context, before: Sequence[str], steps: Sequence[Step], rehearsal: Rehearsal
) -> Verdict | None:
    """Return what a run of *steps* from *before* would make of *rehearsal*.

    None where it is not judged whatever `migrate.lint` says.
    """
    if not steps or not _can_be_judged(context, before):
        return None
    from sst.migrator.lint.reasons import reasons

    return Verdict(lint_mode(context), reasons(rehearsal, steps))


def _can_be_judged(context: Context, before: Sequence[str]) -> bool:
    is_in_vain = context.settings.rehearse == OFF and lint_mode(context) == WARN
    return bool(before) and not is_in_vain and context.plugins.implement("judge")


def judge_plan(
    context: Context, facts: EnvFacts, before: Sequence[str], steps: Sequence[Step], target: str
) -> tuple[Reason, ...]:
    """Return what stands against *steps*, which lead from the revisions *before* to *target*.

    Raises `LintRefusedError` for it where `migrate.lint` is `refuse`, and `InterruptedRunError`.
    """
    from sst.migrator.lint.accepting import NOT_JUDGED
    from sst.migrator.lint.judging import with_findings
    from sst.migrator.lint.reasons import reasons
    from sst.migrator.rehearsal.rehearse import rehearse

    try:
        with ProgressLine("rehearsing the plan"):
            rehearsal = rehearse(context, facts, before, steps)
        found = reasons(with_findings(context, steps, rehearsal), steps)
    except InterruptedRunError:
        raise
    except Exception as error:  # noqa: BLE001 - no judgement is no fault of the plan
        found = (Reason("", NOT_JUDGED, context.redact(describe_error(error))),)
    if found and lint_mode(context) == REFUSE:
        raise _refused(found, target)
    return found


def _refused(found: Sequence[Reason], target: str) -> LintRefusedError:
    error = LintRefusedError(
        what=f"The plan is refused for {counted(len(found), 'reason')}, as migrate.lint is "
        f'"{REFUSE}"; nothing was touched.',
        why=listed(found, _FURTHER, most=_SHOWN),
        next_step=_FURTHER.join(_advice({one.rule for one in found}, target)),
    )
    error.revisions = tuple(dict.fromkeys(one.revision for one in found if one.revision))
    return error


def _advice(rules: set[str], target: str) -> Sequence[str]:
    """Return the ways on, one for each kind of reason; *rules* are their names."""
    from sst.migrator.lint.accepting import NOT_JUDGED
    from sst.migrator.lint.reasons import ROWS

    plan = shlex.join(["plan", *(["--", target] if target.startswith("-") else [target]), "-v"])
    ways = []
    if rules - {NOT_JUDGED, ROWS}:
        ways.append(
            f"`python migrate.py {plan}` has the code that does no harm; a revision accepts a "
            "finding by `# sst: accept RULE because REASON` on the statement's line"
        )
    if ROWS in rules:
        ways.append("correct the rows first, in a revision before it or by hand")
    if NOT_JUDGED in rules:
        ways.append(
            f"`# sst: accept {NOT_JUDGED} because REASON` in the revision lets it run unjudged, "
            "and so does `--set migrate.lint=warn`"
        )
    return ways
