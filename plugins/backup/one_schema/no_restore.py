"""The refusal of what a restore does not do yet: one schema in the place of itself."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sst.hooks import Veto

if TYPE_CHECKING:
    from sst.hooks import DatabaseUrl

_BY_HAND = (
    "by hand: ALTER SCHEMA {quoted} RENAME TO another name, then `pg_restore --single-transaction"
    " --exit-on-error --dbname={database} ARCHIVE`, where ARCHIVE is `archive.dump`, or the folder"
    " `archive`, of the backup (`backup show ID` says where)"
)


def refuse_restore_of_schema(url: DatabaseUrl) -> None:
    """Raise `Veto` when *url* is one schema: the others in its database would go back with it."""
    if url.schema:
        quoted = '"{}"'.format(url.schema.replace('"', '""'))
        raise Veto(
            f"this is the schema {url.schema}, and a restore replaces the whole database, with all"
            " other schemas in it",
            _BY_HAND.format(quoted=quoted, database=url.name),
        )
