"""Revisions rehearsed in an empty database, behind the history that leads to them."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from sst.errors import SstError
from sst.migrator.rehearsal.cache.results import ReplayCache
from sst.migrator.rehearsal.copy import (
    NoCopyError,
    embedded_server,
    empty_database,
    server_of,
)
from sst.migrator.rehearsal.passes import Ground
from sst.migrator.rehearsal.rehearsal import Rehearsal
from sst.migrator.rehearsal.rehearse import rehearse_on
from sst.migrator.session.connections import open_connection

if TYPE_CHECKING:
    from collections.abc import Sequence

    from sst.bridge import Step
    from sst.db.url import DatabaseUrl
    from sst.migrator.values.context import Context

_MAY_CREATE = "select rolcreatedb or rolsuper from pg_roles where rolname = current_user"


def rehearse_behind(
    context: Context,
    before: Sequence[Step],
    steps: Sequence[Step],
    *,
    is_offline: bool,
    is_each_alone: bool = False,
    from_cache: bool = True,
) -> Rehearsal:
    """Run *steps* behind *before* in an empty database, and return what they did.

    It is on the server where `plan` rehearses, or on an embedded one where that does not answer
    or lets no database be made, or *is_offline*; what they did there is kept, and taken
    *from_cache*. With *is_each_alone* each of *steps* is a deployment of its own.
    Raises `InterruptedRunError`; every other failure is in the result, in words.
    """
    if not steps:
        return Rehearsal()
    server = None if is_offline else _own_server(context)

    def ground() -> Ground:
        url, where = server or (embedded_server(context), "on the embedded PostgreSQL")
        made = empty_database(context, url)
        words = f"in an empty database {where}"
        return Ground(words, made, replayed=tuple(before), is_each_alone=is_each_alone)

    cache = ReplayCache(
        context,
        before=(),
        steps=(*before, *steps),
        replayed=len(before),
        is_each_alone=is_each_alone,
        is_kept=server is None,
    )
    return rehearse_on(ground, steps, cache, from_cache=from_cache)


def _own_server(context: Context) -> tuple[DatabaseUrl, str] | None:
    """Return the server where `plan` rehearses; None where it may not, or none answers."""
    try:
        server, where = server_of(context)
        with open_connection(replace(context, url=server), "sst-plan") as connection:
            may_create = connection.exec_driver_sql(_MAY_CREATE).scalar_one()
    except (NoCopyError, SstError):
        return None
    return (server, where) if may_create else None
