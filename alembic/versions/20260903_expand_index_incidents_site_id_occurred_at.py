"""Index incidents by site and time, for the list of a site's latest incidents.

Revision 2a94d0c3b7e5, after 1f0c5a7e9b21.
Safe because CONCURRENTLY lets reads and writes go on while the index is built.
A plain CREATE INDEX would stop every write until it is done.
It cannot run in a transaction, so it is alone here: whatever shared its revision would be
committed even when the revision fails.
A build that fails leaves an INVALID index behind, which IF NOT EXISTS alone would take for done.
It is dropped first, so that running the revision again is the repair
(https://www.postgresql.org/docs/current/sql-createindex.html#SQL-CREATEINDEX-CONCURRENTLY).
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import context, op

revision: str = "2a94d0c3b7e5"
down_revision: str | None = "1f0c5a7e9b21"
branch_labels: str | None = None
depends_on: str | None = None

INDEX = "ix_incidents_site_id_occurred_at"


def upgrade() -> None:
    """Build the index; a valid one that is already there is kept."""
    with op.get_context().autocommit_block():
        if _may_be_invalid():
            op.drop_index(op.f(INDEX), "incidents", postgresql_concurrently=True, if_exists=True)
        op.create_index(
            op.f(INDEX),
            "incidents",
            ["site_id", "occurred_at"],
            postgresql_concurrently=True,
            if_not_exists=True,
        )


def downgrade() -> None:
    """Drop it CONCURRENTLY too: a plain DROP INDEX waits for each reader, and all wait for it."""
    with op.get_context().autocommit_block():
        op.drop_index(op.f(INDEX), "incidents", postgresql_concurrently=True, if_exists=True)


def _may_be_invalid() -> bool:
    # Offline there is nobody to ask, and dropping a leftover that may be there is the safe answer.
    if context.is_offline_mode():
        return True
    leftover = sa.text(
        "SELECT count(*) FROM pg_index WHERE indexrelid = to_regclass(:name) AND NOT indisvalid"
    )
    return bool(op.get_bind().scalar(leftover, {"name": INDEX}))
