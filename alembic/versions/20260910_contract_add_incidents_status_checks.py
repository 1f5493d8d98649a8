"""Check incidents.status for every row that is written from now on.

Revision 5e82f7b4c093, after 4b36c9a5d1f8.
Safe because NOT VALID skips the rows that are there: ACCESS EXCLUSIVE is held for a moment, not
for a scan of the table.
The old rows are the next revision's work
(https://www.postgresql.org/docs/current/sql-altertable.html#SQL-ALTERTABLE-NOTES).
A foreign key is added the same way: `op.create_foreign_key(..., postgresql_not_valid=True)`.
"""

from __future__ import annotations

from alembic import op

revision: str = "5e82f7b4c093"
down_revision: str | None = "4b36c9a5d1f8"
branch_labels: str | None = None
depends_on: str | None = None


def upgrade() -> None:
    """Add both checks without looking at the rows that are there."""
    op.create_check_constraint(
        op.f("ck_incidents_status_known"),
        "incidents",
        "status IN ('open', 'investigating', 'closed')",
        postgresql_not_valid=True,
    )
    # For the time until the column is NOT NULL itself, which it becomes in 7c15a0e6f2d4.
    op.create_check_constraint(
        op.f("ck_incidents_status_required"),
        "incidents",
        "status IS NOT NULL",
        postgresql_not_valid=True,
    )


def downgrade() -> None:
    """Drop both checks."""
    op.drop_constraint(op.f("ck_incidents_status_required"), "incidents")
    op.drop_constraint(op.f("ck_incidents_status_known"), "incidents")
