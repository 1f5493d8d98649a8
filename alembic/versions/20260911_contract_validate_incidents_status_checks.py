"""Prove the checks on incidents.status for the rows that were there before them.

Revision 6a49d3c8e0b7, after 5e82f7b4c093.
Safe because VALIDATE takes SHARE UPDATE EXCLUSIVE only: the scan may be long, and reads and writes
go on meanwhile.
In one transaction with the revision before, the scan would run under its ACCESS EXCLUSIVE lock,
which is why this is a revision of its own
(https://www.postgresql.org/docs/current/sql-altertable.html#SQL-ALTERTABLE-DESC-VALIDATE-CONSTRAINT).
A row that breaks a check stops it with SQLSTATE 23514 and nothing is changed.
"""

from __future__ import annotations

from alembic import op

revision: str = "6a49d3c8e0b7"
down_revision: str | None = "5e82f7b4c093"
branch_labels: str | None = None
depends_on: str | None = None


def upgrade() -> None:
    """Validate both checks."""
    op.execute("ALTER TABLE incidents VALIDATE CONSTRAINT ck_incidents_status_known")
    op.execute("ALTER TABLE incidents VALIDATE CONSTRAINT ck_incidents_status_required")


def downgrade() -> None:
    """Make the checks NOT VALID again, in one statement: there is no moment without them."""
    op.execute("""
ALTER TABLE incidents
    DROP CONSTRAINT ck_incidents_status_known,
    DROP CONSTRAINT ck_incidents_status_required,
    ADD CONSTRAINT ck_incidents_status_known
        CHECK (status IN ('open', 'investigating', 'closed')) NOT VALID,
    ADD CONSTRAINT ck_incidents_status_required CHECK (status IS NOT NULL) NOT VALID
""")
