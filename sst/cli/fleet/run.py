"""The call of a command on many databases: processes do the work, one report says what became."""

from __future__ import annotations

import logging
from dataclasses import replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Self

import click

from sst.cli.call.invocation import Invocation
from sst.cli.call.presentation import JSON, TEXT
from sst.cli.call.streams import results_only
from sst.cli.fleet.engines import LOCAL, most_at_once, open_engine
from sst.cli.fleet.event import tell_of_end
from sst.cli.fleet.options import for_one_database
from sst.cli.fleet.report import of_many, report_of, told
from sst.cli.fleet.signals import Signals
from sst.fleet.budget import NO_LIMIT, Budget
from sst.fleet.outcome import ENDED_BADLY, SETTLED, SKIPPED, State
from sst.fleet.rollout import Limits, Rollout
from sst.fleet.waves import waves_of
from sst.hooks.contract.fleet.jobs import Work
from sst.hooks.progress import ProgressLine
from sst.redaction.logs import IN_RESULT
from sst.targets.choose import Choice, choose
from sst.targets.read import read_targets
from sst.text import counted

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from sst.cli.fleet.options import Many, Way
    from sst.config.sources.target import Target
    from sst.fleet.outcome import Outcome
    from sst.fleet.rollout import Stop
    from sst.fleet.waves import Waves
    from sst.hooks.contract.fleet.engines import Engine
    from sst.migrator.values.report import Report

log = logging.getLogger("sst.fleet")
_ATTEMPTS = 3
"""On a database that is busy or away."""


def run_on_many(ctx: click.Context, many: Many, way: Way) -> Report:
    """Run the command of *ctx* on the databases that *many* chooses; return one report of all.

    Raises `UsageError` when none is chosen, and what reading the list of targets raises.
    """
    invocation = ctx.ensure_object(Invocation)
    _refuse_what_is_of_one(ctx, invocation)
    _refuse_resumed_step(ctx, many)
    _refuse_check_of_nothing(ctx, many)
    invocation.present(of_many(invocation.presentation))
    began_at = datetime.now(UTC)
    with results_only():
        runtime = invocation.runtime
        chosen = choose(read_targets(runtime), Choice(many.patterns, dict(many.labels)))
        words = for_one_database(invocation.words, way)
        work = Work(words, heads=() if many.engine in (None, LOCAL) else runtime.project.heads)
        with Signals() as signals:
            with (
                open_engine(invocation, many, words, len(chosen), way) as engine,
                invocation.live_lines(),
            ):
                outcomes, stop = _Call(engine, work, many, way, signals).run(chosen)
                signals.end()
            report = report_of(chosen, outcomes, stop, way=way, began_at=began_at)
            if way == "forward":
                tell_of_end(report, invocation, (datetime.now(UTC) - began_at).total_seconds())
    return report


def _refuse_what_is_of_one(ctx: click.Context, invocation: Invocation) -> None:
    if invocation.target:
        text = "--target is one database, and many are chosen: leave one of them out"
        raise click.UsageError(text, ctx)
    forms = of_many(invocation.presentation).forms or {}
    if invocation.form_name not in {None, TEXT, JSON, *forms}:
        has = ", ".join((TEXT, JSON, *forms))
        text = f"--format {invocation.form_name} is of one database; of many there is {has}"
        raise click.UsageError(text, ctx)
    if ctx.params.get("with_sql") and not invocation.as_json:
        raise click.UsageError("the SQL of many databases is in --json alone", ctx)


def _refuse_resumed_step(ctx: click.Context, many: Many) -> None:
    target = str(ctx.params.get("target") or "")
    if many.is_resumed and target.startswith("+"):
        text = (
            f"{target} beside --resume would move again what has moved: name a revision, or head"
        )
        raise click.UsageError(text, ctx)


def _refuse_check_of_nothing(ctx: click.Context, many: Many) -> None:
    if not many.is_checked:
        return
    if not many.canary:
        text = "--check-between is between two waves, and there is one: add --canary"
        raise click.UsageError(text, ctx)
    if (target := ctx.params.get("target")) not in {None, "head", "heads"}:
        text = f"--check-between fails for what is pending behind {target}: leave one of them out"
        raise click.UsageError(text, ctx)


class _Call:
    """A rollout, and before it a look at all databases where the call is resumed."""

    def __init__(self, engine: Engine, work: Work, many: Many, way: Way, signals: Signals) -> None:
        self._engine, self._work = engine, work
        self._many, self._way = many, way
        self._signals = signals

    def run(self, targets: Sequence[Target]) -> tuple[Mapping[str, Outcome], Stop | None]:
        """Return what became of each of *targets*, and why it was stopped, if it was."""
        settled: dict[str, Outcome] = {}
        # Before the look: a canary of no target is a word that is spelled wrong.
        waves = self._waves(targets, settled)
        if self._many.is_resumed:
            look = self._look_at(targets)
            if look.stop:
                return _left_by(look), look.stop
            settled = {
                name: outcome
                for name, outcome in look.outcomes.items()
                if outcome.state is State.UNCHANGED
            }
            waves = self._waves(targets, settled)
        if len(settled) == len(targets):
            return settled, None
        rollout = self._roll_out_in(waves, [each for each in targets if each.name in settled])
        return {**settled, **rollout.outcomes}, rollout.stop

    def _waves(self, targets: Sequence[Target], settled: Iterable[str]) -> Waves:
        return waves_of(targets, self._many.canary or "", frozenset(settled))

    def _look_at(self, targets: Sequence[Target]) -> Rollout:
        limits = Limits(self._per_server(targets), attempts=1)
        work = replace(self._work, is_look=True)
        with _Progress("looking at", len(targets)) as progress:
            return self._run(Rollout([targets], work, self._engine, limits, progress.count))

    def _per_server(self, targets: Sequence[Target]) -> int:
        return self._many.per_server or most_at_once(self._many, len(targets))

    def _roll_out_in(self, waves: Waves, settled: Sequence[Target]) -> Rollout:
        is_look = self._way == "look"
        targets = [target for wave in waves for target in wave]
        limits = Limits(
            self._per_server(targets),
            budget=NO_LIMIT if is_look else self._many.max_failures or Budget(),
            pause_seconds=self._many.pause or 0.0,
            check=replace(self._work, words=["check"]) if self._many.is_checked else None,
            attempts=1 if is_look else _ATTEMPTS,
        )
        with _Progress("", len(targets)) as progress:
            tell = progress.count if is_look else progress.tell
            rollout = Rollout(
                waves,
                self._work,
                self._engine,
                limits,
                tell,
                is_canaried=bool(self._many.canary),
            )
            rollout.settled = settled
            progress.follow(rollout, len(waves))
            return self._run(rollout)

    def _run(self, rollout: Rollout) -> Rollout:
        self._signals.lead_to(rollout)
        rollout.run()
        return rollout


def _left_by(look: Rollout) -> Mapping[str, Outcome]:
    """Return what a *look* that was stopped has settled; nothing else was begun."""
    kept = {State.UNCHANGED, State.LOST}
    return {
        name: outcome if outcome.state in kept else SKIPPED
        for name, outcome in look.outcomes.items()
    }


class _Progress:
    """A live line for all databases, and a log line for each."""

    def __init__(self, verb: str, targets: int) -> None:
        self._line = ProgressLine(f"{verb} {counted(targets, 'target')}".strip())
        self._targets = targets
        self._ended: set[str] = set()
        self._failed = 0
        self._rollout: Rollout | None = None
        self._waves = 1

    def __enter__(self) -> Self:
        self._line.__enter__()
        return self

    def __exit__(self, *exc_info: object) -> None:
        self._line.__exit__(*exc_info)

    def follow(self, rollout: Rollout, waves: int) -> None:
        """Show which of the *waves* of *rollout* is at work."""
        self._rollout, self._waves = rollout, waves

    def count(self, name: str, outcome: Outcome) -> None:
        """Show that one more has ended, or has failed afterwards."""
        self._ended |= {name} if outcome.state is not State.SKIPPED else set()
        self._failed += outcome.state in ENDED_BADLY
        parts = [f"{len(self._ended)} of {self._targets}"]
        if self._rollout and self._waves > 1:
            parts.append(f"wave {self._rollout.wave} of {self._waves}")
        if self._failed:
            parts.append(f"{self._failed} failed")
        self._line.show(None, ", ".join(parts))

    def tell(self, name: str, outcome: Outcome) -> None:
        """Log what became of the database *name*, too."""
        self.count(name, outcome)
        level = logging.INFO if outcome.state in SETTLED else logging.WARNING
        if outcome.state is not State.SKIPPED:
            log.log(level, "%s: %s", name, told(outcome), extra=IN_RESULT)
