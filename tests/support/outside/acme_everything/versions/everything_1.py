"""Create the table of the package."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "everything_1"
down_revision = None
branch_labels = ("everything",)
depends_on = "7c15a0e6f2d4"


def upgrade() -> None:
    """Create the table with one note."""
    op.create_table("everything_notes", sa.Column("text", sa.Text, nullable=False))
    op.execute("INSERT INTO everything_notes VALUES ('from outside')")


def downgrade() -> None:
    """Drop the table."""
    op.drop_table("everything_notes")
