"""The facts of the real database beside what a rehearsal has seen on a copy without rows."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from sst.errors import SstError
from sst.migrator.rehearsal.real.probes import probed
from sst.migrator.rehearsal.real.sizes import with_sizes

if TYPE_CHECKING:
    from sst.migrator.rehearsal.real.probes import ProbeMode
    from sst.migrator.rehearsal.rehearsal import Rehearsal
    from sst.migrator.values.context import Context


def with_real_facts(context: Context, rehearsal: Rehearsal, probe: ProbeMode) -> Rehearsal:
    """Return *rehearsal* with sizes of the real tables, and with the answers of their rows.

    What cannot be asked is not known, and the rehearsal says why.
    """
    found = replace(rehearsal, probes=probed(context, rehearsal.statements, probe))
    try:
        return replace(found, statements=with_sizes(context, found.statements))
    except SstError as error:
        why_not = context.redact(f"the sizes of the tables are not known: {error.why}")
        return replace(found, why_not=found.why_not or why_not)
