"""The facts of the real database beside what a rehearsal has seen on a copy without rows."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from sqlalchemy.exc import DBAPIError

from sst.errors import SstError
from sst.migrator.ledger.durations import last_durations
from sst.migrator.rehearsal.real.calls import calls_per_minute, read_traffic
from sst.migrator.rehearsal.real.probes import probed
from sst.migrator.rehearsal.real.seconds import narrowed, seconds_of
from sst.migrator.rehearsal.real.sizes import concerned, sizes_of, with_size
from sst.migrator.session.connections import open_connection

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from sst.bridge import Step
    from sst.hooks.contract.plan.statement import Statement
    from sst.migrator.rehearsal.real.probes import ProbeMode
    from sst.migrator.rehearsal.rehearsal import Rehearsal
    from sst.migrator.values.context import Context


def with_real_facts(
    context: Context, rehearsal: Rehearsal, probe: ProbeMode, steps: Sequence[Step]
) -> Rehearsal:
    """Return *rehearsal* of *steps* with sizes, seconds and traffic of real tables, and probes.

    What cannot be asked is not known, and the rehearsal says why.
    """
    found = replace(rehearsal, probes=probed(context, rehearsal.statements, probe))
    try:
        return replace(found, statements=_with_facts(context, found.statements, steps))
    except SstError as error:
        why = context.redact(error.why)
    except DBAPIError:
        why = "the server ended the connection"
    return replace(found, why_not=found.why_not or f"the sizes of the tables are not known: {why}")


def _with_facts(
    context: Context, found: Mapping[str, tuple[Statement, ...]], steps: Sequence[Step]
) -> dict[str, tuple[Statement, ...]]:
    statements = [one for each in found.values() for one in each]
    if not statements:
        return dict(found)
    names = {name for one in statements for name in (*concerned(one), *one.writes)}
    with open_connection(context, "sst-inspect") as connection:
        sizes, traffic = sizes_of(connection, names), read_traffic(connection)
        took = last_durations(connection, steps)
    # Of a revision that is one statement its time is that of the statement.
    took = {each: seconds for each, seconds in took.items() if len(found.get(each, ())) == 1}

    def with_facts(one: Statement) -> Statement:
        return replace(
            with_size(one, sizes),
            seconds=narrowed(seconds_of(one, sizes), took.get(one.revision)),
            calls_per_minute=calls_per_minute(one, traffic),
        )

    return {revision: tuple(map(with_facts, each)) for revision, each in found.items()}
