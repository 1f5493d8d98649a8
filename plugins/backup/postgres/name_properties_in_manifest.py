"""The database's own properties in a backup, for a server that has lost the database."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING, Any

import psycopg2

from sst.hooks import DatabaseUnreachableError, Veto

from .create_database import missing_roles
from .database_session import reason_of
from .maintenance_session import connected
from .name_properties import Properties, apply_properties, read_properties

if TYPE_CHECKING:
    from collections.abc import Mapping

    from sst.hooks import DatabaseUrl

    from .maintenance_session import Server

_log = logging.getLogger("sst.plugins.backup")


def name_properties_of(url: DatabaseUrl) -> dict[str, Any] | None:
    """Return the properties of the database of *url*; None, and a warning, without the right."""
    try:
        with connected(url) as server:
            return read_properties(server, url.name).to_dict()
    except (psycopg2.Error, Veto, DatabaseUnreachableError) as error:
        reason = reason_of(url, error)
        _log.warning("the backup lacks the database's own grants and settings: %s", reason)
        return None


def apply_name_properties(
    server: Server, name: str, values: Mapping[str, Any], *, no_owner: bool
) -> None:
    """Give the database *name* the *values* that the manifest has of its own; none is nothing.

    Roles that the server does not have are refused with `Veto`, or left out with *no_owner*; a
    tablespace that it does not have is left out.
    Raises `Veto` (code `backup_damaged`) when they are malformed.
    """
    if not values:
        return
    wanted = Properties.from_dict(values)
    missing = missing_roles(server, sorted(wanted.roles))
    if missing and not no_owner:
        names = ", ".join(missing)
        raise Veto(
            f"the database's own properties name roles that this server does not have: {names}",
            "create them, or add --no-owner",
            code="missing_roles",
        )
    [(me,)] = server.fetch("SELECT CAST(current_user AS text)")
    tablespaces = {row[0] for row in server.fetch("SELECT spcname FROM pg_tablespace")}
    apply_properties(server, name, wanted.without(missing, me).placed(tablespaces))
