"""The subject of a backup: a whole database, or one schema in it."""

from __future__ import annotations

import re
import zlib
from dataclasses import dataclass
from typing import TYPE_CHECKING

from sst.hooks import Veto

if TYPE_CHECKING:
    from sst.hooks import DatabaseUrl

_DATABASE_LETTERS = 14
_SCHEMA_LETTERS = 16


@dataclass(frozen=True, slots=True)
class Subject:
    """What a backup is of: a database, or with *schema* that one schema of it, a tenant.

    A backup of one subject is never one of another: neither of another schema, nor of the database
    around it.
    """

    database: str
    schema: str = ""

    @classmethod
    def of(cls, url: DatabaseUrl) -> Subject:
        """Return the subject that *url* leads to."""
        return cls(url.name, url.schema)

    @property
    def word(self) -> str:
        """Its name within an id: safe as a file, at most 40 letters, and another for each schema.

        A database has its own name there; see `backup_id`.
        """
        if not self.schema:
            return self.database
        database, schema = (_safe(name) for name in (self.database, self.schema))
        digest = zlib.crc32(f"{self.database}\0{self.schema}".encode())
        return f"{database[:_DATABASE_LETTERS]}.{schema[:_SCHEMA_LETTERS]}.{digest:08x}"

    def require_like(self, made_of: Subject, backup_id: str) -> None:
        """Raise `Veto` (code `backup_of_another_subject`) unless that backup can be restored here.

        A schema goes back to the schema of its name and a database to a database, which may have
        another name.
        """
        if made_of.schema == self.schema:
            return
        if not self.schema:
            hint = f"restore it with --target NAME, a target that is the schema {made_of.schema}"
        elif made_of.schema:
            hint = f"name a backup of {self.schema}: `python migrate.py backup list`"
        else:
            hint = "restore without --target, which takes all schemas of the database back"
        raise Veto(
            f"backup {backup_id} is of {made_of}, and this is {self}",
            hint,
            code="backup_of_another_subject",
        )

    def __str__(self) -> str:
        """Return `shop`, or `acme in shop`."""
        return f"{self.schema} in {self.database}" if self.schema else self.database


def _safe(name: str) -> str:
    return re.sub(r"[^A-Za-z0-9_.]+", "_", name)
