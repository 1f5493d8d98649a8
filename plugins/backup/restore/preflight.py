"""Obstacles to the last step of a restore, found before its first one."""

from __future__ import annotations

import ipaddress
import shutil
from typing import TYPE_CHECKING

import psycopg2

from sst.hooks import Veto, size_text

from ..postgres.create_database import missing_roles

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from ..postgres.maintenance_session import Server

_ROLE = """
SELECT current_user, r.rolsuper, r.rolsuper OR r.rolcreatedb,
       pg_has_role(current_user, 'pg_signal_backend', 'USAGE'),
       pg_get_userbyid(d.datdba), pg_has_role(current_user, d.datdba, 'USAGE')
  FROM pg_roles r, pg_database d WHERE r.rolname = current_user AND d.datname = %(name)s
"""
_OTHERS_SESSIONS = """
SELECT DISTINCT a.usename FROM pg_stat_activity a JOIN pg_roles r ON r.oid = a.usesysid
 WHERE a.datname = %(name)s
   AND (r.rolsuper OR NOT (%(may)s OR pg_has_role(current_user, r.oid, 'USAGE'))) ORDER BY 1
"""
_PREPARED = "SELECT gid FROM pg_prepared_xacts WHERE database = %(name)s ORDER BY 1"
_SLOTS = "SELECT slot_name FROM pg_replication_slots WHERE database = %(name)s ORDER BY 1"
_SUBSCRIPTIONS = """
SELECT s.subname FROM pg_subscription s JOIN pg_database d ON d.oid = s.subdbid
 WHERE d.datname = %(name)s ORDER BY 1
"""
_FOLDER = """
SELECT host(inet_server_addr()),
       COALESCE(NULLIF(pg_tablespace_location(t.oid), ''), current_setting('data_directory'))
  FROM pg_tablespace t WHERE t.spcname = %(tablespace)s
"""

_ANEW = "drop them: they would stay with the old database; create them anew after the restore"
_STAYING = (
    (_PREPARED, "prepared transactions", "COMMIT PREPARED or ROLLBACK PREPARED them"),
    (_SLOTS, "logical replication slots", _ANEW),
    (_SUBSCRIPTIONS, "subscriptions", _ANEW),
)


def require_swappable(server: Server, live: str) -> None:
    """Raise `Veto` with everything that would keep *live* from changing its name."""
    found = [*_about_the_role(server, live), *_about_objects_that_stay(server, live)]
    if found:
        reasons, hints = zip(*found, strict=True)
        raise Veto("; ".join(reasons), "; ".join(dict.fromkeys(hints)), code="cannot_swap")


def require_roles(server: Server, roles: Iterable[str]) -> None:
    """Raise `Veto` that names those of *roles* that the server does not have."""
    missing = missing_roles(server, sorted(roles))
    if missing:
        raise Veto(
            f"the backup names roles that this server does not have: {', '.join(missing)}",
            "create them (roles are in no backup), or add --no-owner: all then belongs to the"
            " role of migrations, and grants are left out",
            code="missing_roles",
        )


def require_room(server: Server, tablespace: str, needed_bytes: int) -> None:
    """Raise `Veto` when the server's disk has no room for *needed_bytes*, as far as we see it."""
    free = free_bytes(server, tablespace)
    if free is not None and free < needed_bytes:
        raise Veto(
            f"the server's disk has {size_text(free)} free; a second database needs"
            f" {size_text(needed_bytes)}",
            "free space there: `python migrate.py backup prune` drops old replaced databases",
            code="no_space",
        )


def free_bytes(server: Server, tablespace: str) -> int | None:
    """Return the bytes that are free for *tablespace*; None when the disk is not of this machine.

    A server that is reached by a socket, or that calls itself loopback, sees the files that we
    see. One behind a forwarded port has another address of its own.
    """
    try:
        [(address, folder)] = server.fetch(_FOLDER, tablespace=tablespace)
        is_here = address is None or ipaddress.ip_address(address).is_loopback
        return shutil.disk_usage(folder).free if is_here else None
    except (psycopg2.errors.InsufficientPrivilege, OSError, ValueError):
        return None


def _about_the_role(server: Server, live: str) -> Iterator[tuple[str, str]]:
    [(role, is_super, may_create, may_signal, owner, is_owner)] = server.fetch(_ROLE, name=live)
    if not may_create:
        yield f"{role} may not create databases", f"ALTER ROLE {role} CREATEDB"
    if not is_owner:
        yield (
            f"{live} belongs to {owner}, and {role} is no member of it",
            f"GRANT {owner} TO {role}",
        )
    if not is_super:
        others = server.fetch(_OTHERS_SESSIONS, name=live, may=may_signal)
        names = ", ".join(str(row[0]) for row in others)
        if names:
            hint = (
                f"end them, or GRANT pg_signal_backend TO {role} (superusers only by a superuser)"
            )
            yield f"{role} may not end the sessions of {names} on {live}", hint


def _about_objects_that_stay(server: Server, live: str) -> Iterator[tuple[str, str]]:
    for question, what, hint in _STAYING:
        names = ", ".join(str(row[0]) for row in server.fetch(question, name=live))
        if names:
            yield f"{live} has {what}: {names}", hint
