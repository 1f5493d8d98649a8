"""Add incidents.status, which will replace incidents.is_closed.

Revision 3d71e8f2a046, after 2a94d0c3b7e5.
Safe because a nullable column without a default changes the catalog only: no row is rewritten, and
ACCESS EXCLUSIVE is held for a moment (https://www.postgresql.org/docs/current/ddl-alter.html).
Code that knows only is_closed and code that knows only status run side by side during a rolling
deployment; the trigger keeps both columns true, whoever writes
(https://www.postgresql.org/docs/current/plpgsql-trigger.html).
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision: str = "3d71e8f2a046"
down_revision: str | None = "2a94d0c3b7e5"
branch_labels: str | None = None
depends_on: str | None = None

SYNC_FUNCTION = """
CREATE FUNCTION sync_incidents_status() RETURNS trigger LANGUAGE plpgsql AS $$
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
CREATE TRIGGER sync_incidents_status BEFORE INSERT OR UPDATE ON incidents
FOR EACH ROW EXECUTE FUNCTION sync_incidents_status()
"""


def upgrade() -> None:
    """Add the column, and the trigger that keeps it in step with is_closed."""
    op.add_column("incidents", sa.Column("status", sa.Text, nullable=True))
    op.execute(SYNC_FUNCTION)
    op.execute(SYNC_TRIGGER)


def downgrade() -> None:
    """Drop both; "investigating" is lost, is_closed stays right."""
    op.execute("DROP TRIGGER sync_incidents_status ON incidents")
    op.execute("DROP FUNCTION sync_incidents_status()")
    op.drop_column("incidents", "status")
