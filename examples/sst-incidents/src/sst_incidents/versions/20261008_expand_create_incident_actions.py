"""Create the table incident_actions.

Revision inc_c40d8e15, after inc_9b1e4c27.
Safe because nobody reads a table that does not exist yet; the foreign key takes SHARE ROW
EXCLUSIVE on incident_reports for a moment
(https://www.postgresql.org/docs/current/sql-altertable.html#SQL-ALTERTABLE-NOTES).
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision: str = "inc_c40d8e15"
down_revision: str | None = "inc_9b1e4c27"
branch_labels: str | tuple[str, ...] | None = None
depends_on: str | tuple[str, ...] | None = None


def upgrade() -> None:
    """Create the table, its foreign key and its index."""
    op.create_table(
        "incident_actions",
        sa.Column("id", sa.BigInteger, sa.Identity(), nullable=False),
        sa.Column("report_id", sa.BigInteger, nullable=False),
        sa.Column("what", sa.Text, nullable=False),
        sa.Column("due_on", sa.Date, nullable=False),
        sa.Column("done_on", sa.Date),
        sa.ForeignKeyConstraint(
            ["report_id"],
            ["incident_reports.id"],
            name=op.f("fk_incident_actions_report_id_incident_reports"),
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_incident_actions")),
    )
    op.create_index(op.f("ix_incident_actions_report_id"), "incident_actions", ["report_id"])


def downgrade() -> None:
    """Drop the table and every action in it; only a backup brings those back."""
    op.drop_table("incident_actions")
