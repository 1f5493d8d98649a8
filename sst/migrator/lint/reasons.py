"""The reasons against a plan: errors that nobody accepts, rows in its way, what was not judged."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sst.hooks.contract.plan.finding import Finding, Level
from sst.migrator.lint.accepting import NOT_JUDGED, with_acceptances
from sst.migrator.lint.comments import comments_in
from sst.migrator.values.verdict import Reason
from sst.text import counted, listed

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from sst.bridge import Step
    from sst.migrator.rehearsal.rehearsal import Probe, Rehearsal

ROWS = "rows-in-the-way"
"""Stands for a rule where rows of the real database would make a revision fail."""
_VIOLATIONS = {
    "not_null": ("has", "have", "no value in {}"),
    "unique": ("repeats", "repeat", "another row in {}"),
    "foreign_key": ("has", "have", "no row that {} refers to"),
}
_OTHERS = ("does not fit", "do not fit", "{}")


def is_error(finding: Finding) -> bool:
    """Say whether *finding* is an error that the revision does not accept."""
    return finding.level is Level.ERROR and finding.accepted is None


def rows_in_the_way(probe: Probe) -> str:
    """Return in words how many rows would make the revision of *probe* fail, or why not known."""
    table = probe.relation.removeprefix("public.")
    if probe.violations is None:
        return f"{table} was not asked for {probe.about}: {probe.why_not}"
    one, some, what = _VIOLATIONS.get(probe.asks, _OTHERS)
    verb = one if probe.violations == 1 else some
    words = f"{counted(probe.violations, 'row')} of {table} {verb} {what.format(probe.about)}"
    return f"would fail: {words}" if probe.violations else words


def reasons(rehearsal: Rehearsal, steps: Sequence[Step]) -> tuple[Reason, ...]:
    """Return what *rehearsal* has found against *steps*, in their order."""
    found = [one for step in steps for one in _of(rehearsal, step)]
    left = [
        step.revision.id
        for step in steps
        if step.revision.id not in rehearsal.statements and not _may_run_unjudged(step)
    ]
    if left:
        what = f"{listed(left)} could not be rehearsed: {rehearsal.why_not}"
        found.append(Reason(left[0], NOT_JUDGED, what))
    return tuple(found)


def _of(rehearsal: Rehearsal, step: Step) -> Iterator[Reason]:
    revision = step.revision.id
    # What fails before what hurts: of many reasons the first ones are shown.
    for probe in rehearsal.probes.get(revision, ()):
        if probe.violations:
            place = _place(probe.file, probe.line)
            yield Reason(revision, ROWS, rows_in_the_way(probe), place)
    for finding in filter(is_error, rehearsal.findings.get(revision, ())):
        place = _place(finding.file, finding.line)
        yield Reason(revision, finding.rule, " ".join(finding.what.split()), place)


def _may_run_unjudged(step: Step) -> bool:
    """Say whether a comment anywhere in the revision accepts that it could not be judged."""
    path, function = step.revision.path, "upgrade" if step.is_upgrade else "downgrade"
    comments = comments_in(path, function) if path else ()
    found = with_acceptances([Finding(NOT_JUDGED, "")], comments, "")
    return any(each.accepted for each in found)


def _place(file: str, line: int) -> str:
    return f"{file}:{line}" if line else file
