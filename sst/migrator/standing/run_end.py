"""How a run ended, in words: each is a part of a sentence, in one line."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sst.migrator.values.dead_run import command_again, remedy_of
from sst.text import first_line

if TYPE_CHECKING:
    from sst.migrator.ledger.reader import RunRecord

_KILLED = "killed"
_STOPPED_STEPS = frozenset({"failed", "interrupted", "running"})


def failed_revision(run: RunRecord) -> str | None:
    """Return the revision at which *run* ended too early; None when it was none."""
    named = (run.error or {}).get("revision")
    if named:
        return str(named)
    stopped = [step.revision for step in run.steps if step.outcome in _STOPPED_STEPS]
    return stopped[-1] if stopped else None


def ended(run: RunRecord) -> str:
    """Return how *run* ended, such as `failed at revision 0003`."""
    words = {
        "interrupted": "was killed" if _is_killed(run) else "was interrupted",
        "unhealthy": "migrated, but a check failed afterwards",
        "refused": "was refused",
    }
    word = words.get(run.outcome, run.outcome)
    revision = failed_revision(run) if run.outcome != "succeeded" else None
    if revision is None:
        return word
    return f"{word} {'in' if run.outcome == 'interrupted' else 'at'} revision {revision}"


def reason(run: RunRecord) -> str:
    """Return why *run* did not succeed; empty for one that did, and for one that was killed."""
    error = run.error or {}
    if not error or _is_killed(run):
        return ""
    why = first_line(str(error.get("why") or ""))
    return " ".join((why or first_line(str(error.get("text") or ""))).split())


def remedy(run: RunRecord) -> str:
    """Return what to do about *run*, which did not succeed."""
    if run.outcome == "interrupted":
        return remedy_of(run.command, run.target)
    if run.outcome == "unhealthy":
        return "correct what the check names, then run `python migrate.py check`"
    again = command_again(run.command, run.target)
    return (
        f"correct the cause (`python migrate.py runs show {run.id}` has all of it), "
        f"then run `{again}` again"
    )


def _is_killed(run: RunRecord) -> bool:
    return (run.error or {}).get("code") == _KILLED
