"""Make incidents.status NOT NULL and drop incidents.is_closed, which no code reads any more.

Revision 7c15a0e6f2d4, after 6a49d3c8e0b7.
Deploy it when the last process of the old code has stopped.
Safe because SET NOT NULL skips its scan when a validated check proves that there is no NULL, and
DROP COLUMN only hides the column: ACCESS EXCLUSIVE is held for a moment
(https://www.postgresql.org/docs/current/sql-altertable.html#SQL-ALTERTABLE-DESC-SET-DROP-NOT-NULL).
"""

from __future__ import annotations

from alembic import op

revision: str = "7c15a0e6f2d4"
down_revision: str | None = "6a49d3c8e0b7"
branch_labels: str | None = None
depends_on: str | None = None

ADD_IS_CLOSED = """
ALTER TABLE incidents ADD COLUMN IF NOT EXISTS is_closed boolean DEFAULT false NOT NULL
"""

SYNC_FUNCTION = """
CREATE OR REPLACE FUNCTION sync_incidents_status() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF TG_OP = 'UPDATE'
       AND NEW.status IS NOT DISTINCT FROM OLD.status
       AND NEW.is_closed IS DISTINCT FROM OLD.is_closed
    THEN
        NEW.status := CASE WHEN NEW.is_closed THEN 'closed' ELSE 'open' END;
    ELSE
        NEW.status := coalesce(NEW.status, CASE WHEN NEW.is_closed THEN 'closed' ELSE 'open' END);
        NEW.is_closed := NEW.status = 'closed';
    END IF;
    RETURN NEW;
END
$$
"""

SYNC_TRIGGER = """
CREATE OR REPLACE TRIGGER sync_incidents_status BEFORE INSERT OR UPDATE ON incidents
FOR EACH ROW EXECUTE FUNCTION sync_incidents_status()
"""

FILL_IS_CLOSED = """
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
        UPDATE incidents SET is_closed = true
        WHERE id > done_id AND id <= last_id AND status = 'closed' AND NOT is_closed;
        COMMIT;
        done_id := last_id;
    END LOOP;
END
$$
"""

REQUIRE_BY_CHECK = """
ALTER TABLE incidents
    DROP CONSTRAINT IF EXISTS ck_incidents_status_required,
    ADD CONSTRAINT ck_incidents_status_required CHECK (status IS NOT NULL) NOT VALID
"""


def upgrade() -> None:
    """Require status, give it its default, and take away what kept is_closed alive."""
    op.alter_column("incidents", "status", nullable=False, server_default="open")
    op.drop_constraint(op.f("ck_incidents_status_required"), "incidents")
    op.execute("DROP TRIGGER sync_incidents_status ON incidents")
    op.execute("DROP FUNCTION sync_incidents_status()")
    # sst: accept column-dropped because no code reads or writes it since the release before
    op.drop_column("incidents", "is_closed")


def downgrade() -> None:
    """Bring is_closed back with its values, worked out from status.

    Every statement commits by itself and may be repeated: filling the column and proving the check
    take as long as the table is large, and must not hold ACCESS EXCLUSIVE while they do.
    """
    with op.get_context().autocommit_block():
        op.execute(ADD_IS_CLOSED)
        op.execute(SYNC_FUNCTION)
        op.execute(SYNC_TRIGGER)
        op.execute(FILL_IS_CLOSED)
        op.execute(REQUIRE_BY_CHECK)
        op.execute("ALTER TABLE incidents VALIDATE CONSTRAINT ck_incidents_status_required")
        op.alter_column("incidents", "status", nullable=True, server_default=None)
