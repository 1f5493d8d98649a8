"""The restore of one schema: the old one renamed and the new one made in one transaction.

Until its commit every other session sees the old schema, and works in it; from the commit on the
new one. A failure, or a kill at any moment, rolls all of it back: the server does that by itself.
No session is ended, and the other schemas are not touched.
"""

from __future__ import annotations

import logging
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING

import psycopg2

from sst.hooks import ProgressLine, Restored, Veto

from ..archive.contents import count_all, list_tables
from ..archive.pg_dump import NAMES
from ..archive.rebuild import pg_restore_arguments, refused_rebuild, require_same
from ..postgres import maintenance_session
from ..postgres.client_programs import find_tools
from ..postgres.database_session import asked, connected, reason_of
from ..postgres.process import Deadline, ToolFailedError
from ..postgres.task import Task, Watch
from ..restore.preflight import require_roles, require_room
from . import replaced
from .outside import dependents_of
from .script import Script

if TYPE_CHECKING:
    from collections.abc import Iterator

    from sst.hooks import DatabaseUrl, LockedWork

    from ..manifest.manifest import Manifest
    from ..postgres.database_session import Session
    from ..restore.restore import RestoreOptions
    from ..settings import Config
    from ..store.listing import Stored
    from ..store.storage import Storage

_log = logging.getLogger("sst.plugins.backup")
_SHOWN = 5
_DROP_SECONDS = 60.0
_RIGHTS = """
SELECT current_user, quote_ident(current_database()), quote_ident(n.nspname),
       pg_has_role(n.nspowner, 'USAGE'),
       has_database_privilege(current_database(), 'CREATE')
  FROM pg_namespace n WHERE n.nspname = %(schema)s
"""
_TABLESPACE = """
SELECT t.spcname FROM pg_database d JOIN pg_tablespace t ON t.oid = d.dattablespace
 WHERE d.datname = current_database()
"""


def restore(
    config: Config, storage: Storage, work: LockedWork, stored: Stored, options: RestoreOptions
) -> Restored:
    """Replace the one schema of *work* by the backup *stored*; the old one is kept beside it.

    Raises `Veto` when it is refused or fails: the schema is as it was.
    """
    url, manifest, deadline = work.database_url, stored.manifest, Deadline(config.timeout_seconds)
    server_major = asked(url, lambda session: session.server_major, deadline)
    _require_possible(url, manifest, options, deadline)
    tools = find_tools(max(server_major, manifest.tool_major), config.pg_bin)
    rebuild = config.rebuild_options.but(
        no_owner=options.no_owner, search_path=options.search_path, template=""
    )
    arguments = pg_restore_arguments(manifest, tools, server_major, rebuild)
    with storage.opened(stored) as folder:
        archive = folder / NAMES[manifest.format]
        script = Script(archive, tools, deadline, tuple(arguments), rebuild.search_path)
        _log.info("restoring %s in one transaction", manifest.subject)
        with ProgressLine(f"restoring {manifest.subject}"):
            change = _Replacement(url.schema, manifest, script, options.deadline_seconds)
            name = _in_transaction(url, change, deadline)
    message = f"Restored the schema {url.schema} from backup {manifest.id}; no session was ended."
    work.restored(message, heads=manifest.heads, backup=stored.backup)
    gone = options.drop_old and _dropped(url, name)
    return Restored(manifest.id, manifest.heads, None if gone else name, 0, message)


def undo(config: Config, work: LockedWork, options: RestoreOptions) -> Restored:
    """Put the newest replaced schema back; the one of now is kept in its turn.

    Raises `Veto` when there is none, or when it fails: the schema is as it was.
    """
    url, deadline = work.database_url, Deadline(config.timeout_seconds)
    found = asked(url, lambda session: replaced.family_of(session, url.schema), deadline)
    if not found.replaced:
        raise _nothing_replaced(url.schema, found)
    back = found.replaced[0].name
    asked(url, lambda session: _require_rights(session, url.schema), deadline)
    name = _in_transaction(url, _Return(url.schema, back), deadline)
    message = f"Put {back} back as the schema {url.schema}; no session was ended."
    heads = work.heads
    work.restored(message, heads=heads, backup=None)
    gone = options.drop_old and _dropped(url, name)
    return Restored(back, heads, None if gone else name, 0, message)


def _in_transaction(url: DatabaseUrl, change: _Replacement | _Return, deadline: Deadline) -> str:
    """Do *change* in one transaction, in a thread; return the name of the replaced schema.

    Raises `Veto`; what a signal raises has a note that says which schema is there.
    """
    watch = Watch()
    committed: list[str] = []

    def do() -> str:
        name = replaced.free_name(session, change.schema)
        session.execute("BEGIN")
        replaced.set_aside(session, change.schema, name)
        change.make(session, watch)
        _require_free(session, name, change.schema)
        watch.check()
        session.execute("COMMIT")
        committed.append(name)
        return name

    def cancel() -> None:
        watch.abandon()
        session.cancel()

    with (
        _translated(url, change, committed),
        connected(url) as session,
        Task(f"restoring the schema {url.schema}", do, cancel) as task,
    ):
        return task.result(deadline)


@contextmanager
def _translated(
    url: DatabaseUrl, change: _Replacement | _Return, committed: list[str]
) -> Iterator[None]:
    """Raise what the server and pg_restore refuse as `Veto`; say which schema is there."""
    try:
        yield
    except (psycopg2.Error, ToolFailedError) as error:
        reason = url.redact(reason_of(url, error))
        raise change.refused(f"{reason}; the schema {url.schema} is as it was") from error
    except BaseException as error:
        error.add_note(
            f"the schema {url.schema} was replaced; the old one is {committed[0]}"
            if committed
            else f"the schema {url.schema} is as it was"
        )
        raise


@dataclass(frozen=True, slots=True)
class _Replacement:
    """The backup in the place of the schema."""

    schema: str
    manifest: Manifest
    script: Script
    lock_seconds: float
    """How long a lock on another schema's table is waited for."""

    def make(self, session: Session, watch: Watch) -> None:
        """Make the schema anew, and compare it with the manifest."""
        session.execute(f"SET LOCAL lock_timeout = {int(self.lock_seconds * 1000)}")
        self.script.run(session, watch)
        session.execute("SET row_security = off")
        tables = list_tables(session, self.schema)
        found = count_all(session, tables, self.manifest.version_table, self.schema)
        require_same(found, self.manifest)
        if tables:
            # Functions of indexes have their search path back.
            session.execute("RESET search_path")
            session.execute(f"ANALYZE {', '.join(table.name for table in tables)}")
            session.execute("SET search_path = pg_catalog")

    def refused(self, reason: str) -> Veto:
        """Return the refusal for *reason*, with its remedy."""
        return refused_rebuild(reason, self.manifest)


@dataclass(frozen=True, slots=True)
class _Return:
    """A schema that was replaced, in its place again."""

    schema: str
    back: str

    def make(self, session: Session, watch: Watch) -> None:
        """Give it its name."""
        del watch
        replaced.put_back(session, self.back, self.schema)

    def refused(self, reason: str) -> Veto:
        """Return the refusal for *reason*."""
        return Veto(f"the server refused: {reason}", "correct the cause, then try again")


def _require_possible(
    url: DatabaseUrl, manifest: Manifest, options: RestoreOptions, deadline: Deadline
) -> None:
    """Raise `Veto` with what would stop the restore, before anything is touched."""
    if url.schema == "public":
        raise Veto(
            "the schema public is not replaced: every database has it, and extensions in it",
            "restore a backup of the whole database, or do it by hand with pg_restore",
            code="cannot_swap",
        )
    asked(url, lambda session: _require_rights(session, url.schema), deadline)
    [(tablespace,)] = asked(url, lambda session: session.fetch(_TABLESPACE), deadline)
    with maintenance_session.connected(url) as server:
        if not options.no_owner:
            require_roles(server, manifest.roles)
        require_room(server, tablespace, manifest.database_bytes)


def _require_rights(session: Session, schema: str) -> None:
    [(role, database, quoted, is_owner, may_create)] = session.fetch(_RIGHTS, {"schema": schema})
    if not is_owner:
        raise Veto(
            f"{role} does not own the schema {schema}, and only its owner renames it",
            f"ALTER SCHEMA {quoted} OWNER TO {role}",
            code="cannot_swap",
        )
    if not may_create:
        raise Veto(
            f"{role} may not create schemas in this database",
            f"GRANT CREATE ON DATABASE {database} TO {role}",
            code="cannot_swap",
        )
    _require_free(session, schema, schema)


def _require_free(session: Session, name: str, schema: str) -> None:
    """Raise `Veto` with what outside of the schema, now called *name*, depends on it."""
    found = dependents_of(session, name)
    if found:
        more = f" and {len(found) - _SHOWN} more" if len(found) > _SHOWN else ""
        raise Veto(
            f"what is outside of the schema {schema} depends on it, and would stay with the old"
            f" one: {', '.join(found[:_SHOWN])}{more}",
            "drop it, restore, and create it anew",
            code="cannot_swap",
        )


def _dropped(url: DatabaseUrl, name: str) -> bool:
    """Drop the replaced schema *name*; a warning says why it stays."""
    reason = dropped_or_why(url, name)
    if reason:
        _log.warning("%s; drop it with `python migrate.py backup prune`", reason)
    return not reason


def dropped_or_why(url: DatabaseUrl, name: str) -> str:
    """Drop the replaced schema *name*; return why it stays, or nothing."""
    try:
        kept_by = asked(url, lambda session: replaced.drop(session, name), Deadline(_DROP_SECONDS))
    except (psycopg2.Error, Veto) as error:
        return f"the schema {name} stays: {reason_of(url, error)}"
    return f"the schema {name} stays: {kept_by} depends on it" if kept_by else ""


def _nothing_replaced(schema: str, found: replaced.Family) -> Veto:
    unmarked = ", ".join(found.unmarked)
    left = f" ({unmarked}: without our mark)" if unmarked else ""
    return Veto(
        f"there is no schema to put back: no restore has replaced {schema}{left}",
        "python migrate.py backup list names the backups",
        code="nothing_kept",
    )
