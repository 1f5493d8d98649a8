"""Create the table incident_reports.

Revision inc_9b1e4c27, the first of the branch incidents.
It refers to sites, so it depends on the application's revision that creates that table: an upgrade
runs the two in this order, and a downgrade of the application takes this branch back first.
Safe because nobody reads a table that does not exist yet; the foreign key takes SHARE ROW
EXCLUSIVE on sites for a moment, which is all that an empty table needs
(https://www.postgresql.org/docs/current/sql-altertable.html#SQL-ALTERTABLE-NOTES).
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision: str = "inc_9b1e4c27"
down_revision: str | None = None
branch_labels: str | tuple[str, ...] | None = ("incidents",)
depends_on: str | tuple[str, ...] | None = "1f0c5a7e9b21"


def upgrade() -> None:
    """Create the table, its foreign key and its index."""
    op.create_table(
        "incident_reports",
        sa.Column("id", sa.BigInteger, sa.Identity(), nullable=False),
        sa.Column("site_id", sa.BigInteger),
        sa.Column("title", sa.Text, nullable=False),
        sa.Column("severity", sa.SmallInteger, nullable=False),
        sa.Column(
            "reported_at",
            sa.DateTime(timezone=True),
            server_default=sa.text("now()"),
            nullable=False,
        ),
        sa.CheckConstraint(
            "severity BETWEEN 1 AND 5", name=op.f("ck_incident_reports_severity_range")
        ),
        sa.ForeignKeyConstraint(
            ["site_id"], ["sites.id"], name=op.f("fk_incident_reports_site_id_sites")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_incident_reports")),
    )
    op.create_index(op.f("ix_incident_reports_site_id"), "incident_reports", ["site_id"])


def downgrade() -> None:
    """Drop the table and every report in it; only a backup brings those back."""
    op.drop_table("incident_reports")
