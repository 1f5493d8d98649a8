"""What is about to be dumped: asked through the run's own look at the database."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from app.hooks import Veto

if TYPE_CHECKING:
    from app.hooks import Run

_QUESTION = """
SELECT current_database(), current_setting('server_version'),
       CAST(current_setting('server_version_num') AS integer),
       pg_database_size(current_database())
"""


@dataclass(frozen=True, slots=True)
class Source:
    """The database that the run looks at, by its real name."""

    database: str
    server_version: str
    server_major: int
    size_bytes: int

    @classmethod
    def of(cls, run: Run) -> Source:
        """Return what *run*'s database says about itself; raise `Veto` when it does not answer."""
        try:
            with run.inspect() as inspection:
                [(database, version, number, size)] = inspection.fetch(_QUESTION)
        except Exception as error:
            reason = run.database_url.redact(str(error).strip() or type(error).__name__)
            raise Veto(
                f"the database did not answer before the backup: {reason.splitlines()[0]}",
                "check the database URL and that the server runs, then try again",
            ) from error
        return cls(database, version, number // 10_000, size)
