"""The rehearsal of one plan: a copy, the revisions on it, and the sizes of the real tables.

Nothing of it can fail the plan: it ends in words where it cannot be had.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from sst.migrator.rehearsal.cache.results import ResultCache, of_now
from sst.migrator.rehearsal.copy import copied, server_of
from sst.migrator.rehearsal.passes import Ground, Pass
from sst.migrator.rehearsal.real.facts import with_real_facts
from sst.migrator.rehearsal.rehearsal import Rehearsal
from sst.migrator.session.driver_errors import translate_driver_errors
from sst.migrator.session.locked_session import watch_signals
from sst.tracing.spans import span

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from sst.bridge import EnvFacts, Step
    from sst.migrator.rehearsal.real.probes import ProbeMode
    from sst.migrator.values.context import Context


def rehearse(
    context: Context,
    facts: EnvFacts,
    before: Sequence[str],
    steps: Sequence[Step],
    *,
    from_cache: bool = True,
    probe: ProbeMode = "bounded",
) -> Rehearsal:
    """Run *steps*, at least one, on a copy of the database, which is at the revisions *before*.

    Where nothing that counts has changed since an earlier rehearsal its result is taken, unless
    *from_cache* is off.
    No hook of a run is called. Of the database the catalogue is read, and the rows that *probe*
    allows to ask.
    Raises `InterruptedRunError` for a signal; every other failure is in the result, in words.
    """

    def ground() -> Ground:
        server, where = server_of(context)
        return Ground(where, copied(context, server), heads=tuple(before))

    cache = ResultCache(context, before, steps)
    found = rehearse_on(ground, steps, cache, from_cache=from_cache, facts=facts)
    return with_real_facts(context, found, probe, steps)


def rehearse_on(
    ground: Callable[[], Ground],
    steps: Sequence[Step],
    cache: ResultCache,
    *,
    from_cache: bool,
    facts: EnvFacts | None = None,
) -> Rehearsal:
    """Run *steps*, at least one, on *ground*, or return what *cache* has of them *from_cache*.

    *facts* are those of env.py where they are known. Raises what `rehearse` raises.
    """
    # Around the making of the copy, too: a signal leaves none behind.
    with (
        span("rehearsal") as traced,
        translate_driver_errors(cache.context.redact),
        watch_signals(cache.context, lambda: "nothing was touched"),
    ):
        key = cache.key()
        if from_cache and (kept := cache.find(key)):
            traced.set({"sst.rehearsal.is_earlier": True})
            return Rehearsal(kept.where, None, kept.statements, at=kept.at, is_earlier=True)
        one = Pass(cache.context, facts, steps)
        found = one.run(ground)
        if not found.is_whole:
            return found
        result = of_now(found.where, found.statements)
        cache.keep(key, result, one.opened.paths)
        return replace(found, statements=result.statements, at=result.at)
