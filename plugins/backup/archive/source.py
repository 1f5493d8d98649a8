"""The database that is to be dumped, as the run's own inspection sees it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

from sst.hooks import Veto

from ..manifest.origin import Origin, read_origin
from ..manifest.subject import Subject
from ..postgres.database_session import reason_of

if TYPE_CHECKING:
    from collections.abc import Callable

    from sst.hooks import DatabaseUrl, Inspection

_QUESTION = """
SELECT current_database(), current_setting('server_version'),
       CAST(current_setting('server_version_num') AS integer),
       CASE :schema WHEN '' THEN pg_database_size(current_database()) ELSE (
           SELECT CAST(coalesce(sum(pg_total_relation_size(c.oid)), 0) AS bigint)
             FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
            WHERE n.nspname = :schema AND c.relkind IN ('r', 'm')) END
"""


class BackupTarget(Protocol):
    """The parts that a run, a command and its work have in common."""

    @property
    def environment(self) -> str:
        """The environment's name."""

    @property
    def database_url(self) -> DatabaseUrl:
        """The database of the migrations."""

    @property
    def inspect(self) -> Callable[[], Inspection]:
        """Return a read-only inspection of the database."""


@dataclass(frozen=True, slots=True)
class Source:
    """A database by its real name, or one schema in it."""

    subject: Subject
    server_version: str
    server_major: int
    size_bytes: int
    version_table: str
    """The table of its heads, with the schema."""
    origin: Origin
    """The server that it is on."""

    @classmethod
    def of(cls, target: BackupTarget) -> Source:
        """Return the database of *target*; raise `Veto` when it does not answer."""
        try:
            with target.inspect() as inspection:
                schema = target.database_url.schema
                [(database, version, number, size)] = inspection.fetch(_QUESTION, schema=schema)
                version_table = inspection.version_table
                origin = read_origin(inspection.fetch, target.database_url)
        except Exception as error:
            reason = reason_of(target.database_url, error)
            raise Veto(
                f"the database did not answer before the backup: {reason}",
                "check the database URL and that the server runs, then try again",
            ) from error
        return cls(
            Subject(database, schema), version, number // 10_000, size, version_table, origin
        )
