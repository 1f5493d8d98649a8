"""The database that is to be dumped, as the run's own inspection sees it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

from sst.hooks import Veto

from ..manifest.origin import Origin, read_origin
from ..postgres.database_session import reason_of

if TYPE_CHECKING:
    from collections.abc import Callable

    from sst.hooks import DatabaseUrl, Inspection

_QUESTION = """
SELECT current_database(), current_setting('server_version'),
       CAST(current_setting('server_version_num') AS integer),
       pg_database_size(current_database())
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
    """A database, by its real name."""

    database: str
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
                [(database, version, number, size)] = inspection.fetch(_QUESTION)
                version_table = inspection.version_table
                origin = read_origin(inspection.fetch, target.database_url)
        except Exception as error:
            reason = reason_of(target.database_url, error)
            raise Veto(
                f"the database did not answer before the backup: {reason}",
                "check the database URL and that the server runs, then try again",
            ) from error
        return cls(database, version, number // 10_000, size, version_table, origin)
