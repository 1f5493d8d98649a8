"""Create the tables sites, workers and incidents.

Revision 1f0c5a7e9b21, the first.
Safe because nobody reads a table that does not exist yet: plain indexes, foreign keys and checks
are free while a table is empty, and one transaction makes all of it appear at once.
Every constraint has its name written out, so that a later revision can drop it
(https://www.postgresql.org/docs/current/ddl-constraints.html).
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision: str = "1f0c5a7e9b21"
down_revision: str | None = None
branch_labels: str | None = None
depends_on: str | None = None

_NOW = sa.text("now()")


def upgrade() -> None:
    """Create what is referred to first."""
    _create_sites()
    _create_workers()
    _create_incidents()


def downgrade() -> None:
    """Drop the tables and every row in them; only a backup brings those back."""
    op.drop_table("incidents")
    op.drop_table("workers")
    op.drop_table("sites")


def _create_sites() -> None:
    op.create_table(
        "sites",
        sa.Column("id", sa.BigInteger, sa.Identity(), nullable=False),
        sa.Column("code", sa.Text, nullable=False),
        sa.Column("name", sa.Text, nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=_NOW, nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_sites")),
        sa.UniqueConstraint("code", name=op.f("uq_sites_code")),
    )


def _create_workers() -> None:
    op.create_table(
        "workers",
        sa.Column("id", sa.BigInteger, sa.Identity(), nullable=False),
        sa.Column("site_id", sa.BigInteger, nullable=False),
        sa.Column("employee_number", sa.Text, nullable=False),
        sa.Column("full_name", sa.Text, nullable=False),
        sa.Column("hired_on", sa.Date),
        sa.Column("is_active", sa.Boolean, server_default=sa.true(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_workers")),
        sa.UniqueConstraint("employee_number", name=op.f("uq_workers_employee_number")),
        sa.ForeignKeyConstraint(["site_id"], ["sites.id"], name=op.f("fk_workers_site_id_sites")),
    )
    op.create_index(op.f("ix_workers_site_id"), "workers", ["site_id"])


def _create_incidents() -> None:
    op.create_table(
        "incidents",
        sa.Column("id", sa.BigInteger, sa.Identity(), nullable=False),
        sa.Column("site_id", sa.BigInteger, nullable=False),
        sa.Column("reported_by_id", sa.BigInteger, nullable=False),
        sa.Column("occurred_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("title", sa.Text, nullable=False),
        sa.Column("description", sa.Text),
        sa.Column("severity", sa.SmallInteger, nullable=False),
        sa.Column("is_closed", sa.Boolean, server_default=sa.false(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=_NOW, nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_incidents")),
        sa.CheckConstraint("severity BETWEEN 1 AND 5", name=op.f("ck_incidents_severity_range")),
        sa.ForeignKeyConstraint(
            ["site_id"], ["sites.id"], name=op.f("fk_incidents_site_id_sites")
        ),
        sa.ForeignKeyConstraint(
            ["reported_by_id"], ["workers.id"], name=op.f("fk_incidents_reported_by_id_workers")
        ),
    )
    op.create_index(op.f("ix_incidents_reported_by_id"), "incidents", ["reported_by_id"])
