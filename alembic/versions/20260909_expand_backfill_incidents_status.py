"""Fill incidents.status for the rows that were written before the column existed.

Revision 4b36c9a5d1f8, after 3d71e8f2a046.
Safe because it walks the primary key in batches and commits each: a row stays locked for the time
of a batch, not of the whole table, and vacuum can follow.
Only rows without a status are written, so running it again after an interruption is harmless: it
reads past what is done and goes on.
The loop is a DO block, which may commit when it runs outside a transaction
(https://www.postgresql.org/docs/current/plpgsql-transactions.html).
So the same text works under `--sql`; a statement_timeout counts for the loop as a whole.
"""

from __future__ import annotations

from alembic import op

revision: str = "4b36c9a5d1f8"
down_revision: str | None = "3d71e8f2a046"
branch_labels: str | None = None
depends_on: str | None = None

BACKFILL = """
DO $$
DECLARE
    batch_size constant integer := 1000;
    done_id bigint := (SELECT min(id) - 1 FROM incidents);
    last_id bigint;
BEGIN
    LOOP
        SELECT max(id) INTO last_id
        FROM (SELECT id FROM incidents WHERE id > done_id ORDER BY id LIMIT batch_size) AS batch;
        EXIT WHEN last_id IS NULL;
        UPDATE incidents
        SET status = CASE WHEN is_closed THEN 'closed' ELSE 'open' END
        WHERE id > done_id AND id <= last_id AND status IS NULL;
        COMMIT;
        done_id := last_id;
    END LOOP;
END
$$
"""


def upgrade() -> None:
    """Fill the column batch by batch; each batch is committed."""
    with op.get_context().autocommit_block():
        # sst: accept not-judged because it commits each batch, which holds row locks alone
        op.execute(BACKFILL)


def downgrade() -> None:
    """Nothing to undo: is_closed was not changed, and the revision before drops status whole."""
