"""A scratch database with the schema of another one and no rows, for one plan."""

from __future__ import annotations

import contextlib
import secrets
import tempfile
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import psycopg2
from psycopg2 import sql

from sst.hooks import Veto

from ..archive.pg_dump import CUSTOM, Archiver, Shape
from ..archive.pg_restore import PgRestore
from ..archive.prepared_rebuild import entries_without
from ..archive.rebuild_advice import advice
from ..one_schema.tenants import tenants_beside
from ..postgres import marks
from ..postgres.client_environment import client_environment
from ..postgres.client_programs import find_tools
from ..postgres.create_database import creation, properties_of, roles_of
from ..postgres.database_session import asked, reason_of
from ..postgres.process import Deadline, ToolFailedError
from .scratch_database import PLAN, held_scratch, scratch_name
from .session_settings import apply_settings, settings_of

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from sst.hooks import DatabaseUrl

    from ..postgres.client_programs import Tools
    from ..postgres.database_session import Session
    from ..settings import Config

_NO_COPY = "the schema cannot be copied"
_MEMORY_KB = 64 * 1024
# A user mapping, and a subscription, would lead from the copy to other servers.
_LEFT_OUT = ("USER MAPPING ", "SUBSCRIPTION ")
_NOT_OURS = """
SELECT count(*) FROM unnest(CAST(%s AS text[])) AS wanted(name)
  LEFT JOIN pg_roles r ON r.rolname = wanted.name
 WHERE r.oid IS NULL OR NOT pg_has_role(current_user, r.oid, 'MEMBER')
"""
_OWNER = """
SELECT r.rolname FROM pg_database d JOIN pg_roles r ON r.oid = d.datdba
 WHERE d.datname = current_database()
"""
# Only where this role has the owner's rights it can drop the database afterwards.
_IS_THERE = "SELECT count(*) FROM pg_roles WHERE rolname = %s AND pg_has_role(oid, 'USAGE')"


@contextlib.contextmanager
def copied_schema(
    config: Config, source: DatabaseUrl, server: DatabaseUrl, seconds: float
) -> Iterator[DatabaseUrl]:
    """Give the URL of a database like that of *source*, without its rows; drop it at the end.

    It is made on the server of *server*, which is to have the same major version, within
    *seconds*, with the settings that sessions of *source* begin with. Objects belong to their
    owners where the role of *server* may act for all of them, else to that role.
    Where *source* is one schema, the schemas of other tenants are left out.

    Raises `Veto` when it cannot be made; then nothing is left.
    """
    with _scratch(source, server, partial(_fill, config, source, server), seconds) as url:
        yield url


@contextlib.contextmanager
def empty_scratch(server: DatabaseUrl, seconds: float) -> Iterator[DatabaseUrl]:
    """Give the URL of a database on the server of *server* with nothing in it; drop it at the end.

    Raises `Veto` when it cannot be made; then nothing is left.
    """

    def create(name: str, deadline: Deadline) -> None:
        asked(
            server, lambda session: _create_empty(session, name, properties_of(session)), deadline
        )

    with _scratch(server, server, create, seconds) as url:
        yield url


@contextlib.contextmanager
def _scratch(
    source: DatabaseUrl,
    server: DatabaseUrl,
    make: Callable[[str, Deadline], None],
    seconds: float,
) -> Iterator[DatabaseUrl]:
    """Give the URL of the scratch database on *server* that *make* makes; drop it at the end.

    Raises `Veto`.
    """
    deadline = Deadline(seconds)
    moment = datetime.now(UTC).strftime("%Y%m%dT%H%M%SZ")
    name = scratch_name(source.name, f"{moment}-{secrets.token_hex(4)}", PLAN)
    with contextlib.ExitStack() as stack:
        try:
            stack.enter_context(held_scratch(server, source.name, name))
            make(name, deadline)
        except ToolFailedError as error:
            raise _refused(source.redact(server.redact(str(error)))) from None
        except psycopg2.Error as error:
            raise _refused(server.redact(reason_of(source, error))) from None
        yield server.with_database(name)


def _fill(
    config: Config,
    source: DatabaseUrl,
    server: DatabaseUrl,
    name: str,
    deadline: Deadline,
) -> None:
    """Create the database *name* on *server*, and copy the schema of *source* into it."""
    found = asked(source, partial(_Schema.of, own=source.schema), deadline)
    tools = find_tools(found.server_major, config.pg_bin)
    is_owner = asked(server, partial(_create, name=name, like=found), deadline)
    target = server.with_database(name)
    with tempfile.TemporaryDirectory(prefix="sst-plan-") as folder:
        shape = Shape(CUSTOM, 1, "0", has_rows=False, without=found.tenants)
        archiver = Archiver(tools, client_environment(source, watched=True), _NO_COPY)
        archiver.dump(source, Path(folder), shape, deadline)
        _restore(tools, Path(folder) / shape.name, target, found, deadline, is_owner=is_owner)
    asked(server, partial(apply_settings, name=name, settings=found.settings), deadline)


@dataclass(frozen=True, slots=True)
class _Schema:
    """All of a database that is in no dump of its schema."""

    server_major: int
    owner: str
    properties: dict[str, Any]
    roles: tuple[str, ...]
    settings: dict[str, str]
    tenants: tuple[str, ...]
    """The schemas beside the one that is meant, each with revisions of its own."""

    @classmethod
    def of(cls, session: Session, own: str) -> _Schema:
        """Return what *session* sees of its database; *own* is the one schema that is meant."""
        [(owner,)] = session.fetch(_OWNER)
        return cls(
            session.server_major,
            owner,
            properties_of(session),
            roles_of(session),
            settings_of(session),
            tenants_beside(session, own),
        )


def _create(session: Session, *, name: str, like: _Schema) -> bool:
    """Create the empty database; return whether this role may act for all roles of the schema."""
    if session.server_major != like.server_major:
        raise Veto(
            f"the server is PostgreSQL {session.server_major}, that of the database is"
            f" {like.server_major}",
            "name a server of the same major version in migrate.rehearsal_url",
        )
    _create_empty(session, name, like.properties)
    [(others,)] = session.fetch(_NOT_OURS, (list(like.roles),))
    [(has_owner,)] = session.fetch(_IS_THERE, (like.owner,))
    if not others and has_owner:
        # The owner of a database may create in its schema public.
        give = sql.SQL("ALTER DATABASE {} OWNER TO {}")
        session.execute(give.format(sql.Identifier(name), sql.Identifier(like.owner)))
    return not others


def _create_empty(session: Session, name: str, properties: dict[str, Any]) -> None:
    session.execute(creation(name, properties))
    marks.put(session, name)


def _restore(
    tools: Tools,
    archive: Path,
    target: DatabaseUrl,
    schema: _Schema,
    deadline: Deadline,
    *,
    is_owner: bool,
) -> None:
    options = [] if is_owner else ["--no-owner", "--no-privileges"]
    program = PgRestore(tools, schema.server_major, target, deadline, _MEMORY_KB)
    with entries_without(_LEFT_OUT, archive, tools, deadline) as entries:
        program.restore(archive, "--no-password", "--no-comments", *entries, *options)


def _refused(reason: str) -> Veto:
    return Veto(f"{_NO_COPY}: {reason}", advice(reason))
