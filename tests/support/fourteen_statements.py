"""Change orders: ten statements hurt and four do not, in forms that hide it from a reader.

`SETUP` has the table that is there before. Each line is marked: it hurts, or is harmless.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "fourteen"
down_revision = None
branch_labels = None
depends_on = None

SETUP = """
CREATE TABLE orders (id bigint PRIMARY KEY, customer_id bigint, total integer, note text,
    code varchar(20), price numeric(10, 2), paid_at timestamptz, shipped_at timestamptz,
    CONSTRAINT orders_customer_id_known CHECK (customer_id IS NOT NULL));
INSERT INTO orders SELECT i, i, i, 'note', 'code ' || i, 1, now() FROM generate_series(1, 500) i;
"""


def upgrade() -> None:
    op.add_column(  # hurts
        "orders",
        sa.Column("token", sa.Uuid, server_default=sa.text("gen_random_uuid()")),
    )
    op.add_column(  # hurts
        "orders",
        sa.Column("twice", sa.Integer, sa.Computed("total * 2", persisted=True)),
    )
    for column in ("paid_at", "shipped_at"):
        op.create_index(f"ix_orders_{column}", "orders", [column])  # hurts, hurts
    _require("total")
    op.execute(  # hurts
        "DO $$ BEGIN EXECUTE 'ALTER TABLE orders ALTER COLUMN id TYPE numeric'; END $$"
    )
    with op.batch_alter_table("orders") as batch:  # hurts, hurts
        batch.create_unique_constraint("uq_orders_code", ["code"])
        batch.create_check_constraint("ck_orders_total", "total >= 0")
    op.execute(sa.text("UPDATE orders SET note = 'none'"))  # hurts
    op.execute("ALTER TABLE orders ADD COLUMN bonus integer CHECK (bonus >= 0)")  # hurts
    op.alter_column("orders", "code", type_=sa.String(40))  # is harmless
    op.alter_column("orders", "price", type_=sa.Numeric(12, 2))  # is harmless
    _require("customer_id")
    op.add_column(  # is harmless
        "orders",
        sa.Column("seen_at", sa.DateTime(timezone=True), server_default=sa.func.now()),
    )


def _require(column: str) -> None:
    op.alter_column("orders", column, nullable=False)  # hurts for one, is harmless for the other


def downgrade() -> None:
    pass
