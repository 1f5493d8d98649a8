"""The tenants of a database: the schemas with revisions of their own."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from ..postgres.database_session import Session

# A version table is known by its one column. What is in `public` may be for all tenants.
_TENANTS = """
SELECT n.nspname FROM pg_namespace n
 WHERE %s <> '' AND n.nspname NOT IN (%s, 'public') AND EXISTS (
       SELECT FROM pg_class c JOIN pg_attribute a ON a.attrelid = c.oid
        WHERE c.relnamespace = n.oid AND c.relkind = 'r' AND c.relnatts = 1
          AND a.attname = 'version_num')
 ORDER BY 1
"""


def tenants_beside(session: Session, own: str) -> tuple[str, ...]:
    """Return the schemas beside the schema *own* that have revisions of their own."""
    return tuple(str(name) for (name,) in session.fetch(_TENANTS, (own, own)))
