"""The models and the history describe one schema."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from alembic.autogenerate import compare_metadata

from app.models import Base
from tests.migrations.catalog import snapshot

if TYPE_CHECKING:
    from alembic.runtime.migration import MigrationContext

    from tests.migrations.chain import Chain

pytestmark = [pytest.mark.external, pytest.mark.lowest]


def test_autogenerate_finds_nothing_at_head(chain: Chain) -> None:
    """`check` would report drift on every deploy."""
    chain.upgrade()

    assert chain.through_env(_differences) == []


def test_history_builds_what_the_models_describe(chain: Chain) -> None:
    """Autogenerate is blind to checks, defaults and much else; the catalog is not."""
    Base.metadata.create_all(chain.engine)
    described = snapshot(chain)
    Base.metadata.drop_all(chain.engine)

    chain.upgrade()

    assert snapshot(chain) == described


@pytest.mark.parametrize(
    ("mutation", "found"),
    [
        ("ALTER TABLE sites ADD COLUMN extra text", "remove_column"),
        ("ALTER TABLE sites DROP COLUMN name", "add_column"),
        ("ALTER TABLE workers ALTER COLUMN hired_on TYPE text", "modify_type"),
        ("ALTER TABLE incidents ALTER COLUMN status SET DEFAULT 'closed'", "modify_default"),
        ("ALTER TABLE incidents ALTER COLUMN status DROP NOT NULL", "modify_nullable"),
        ("DROP INDEX ix_incidents_site_id_occurred_at", "add_index"),
        ("CREATE TABLE forgotten (id int)", "remove_table"),
    ],
    ids=lambda value: value if value.isidentifier() else "drift",
)
def test_drift_is_found(chain: Chain, mutation: str, found: str) -> None:
    """Otherwise an empty difference would mean nothing."""
    chain.upgrade()
    chain.execute(mutation)

    differences = chain.through_env(_differences)

    assert found in str(differences)


@pytest.mark.parametrize(
    "mutation",
    [
        "ALTER TABLE incidents DROP CONSTRAINT ck_incidents_status_known",
        "ALTER TABLE incidents ALTER COLUMN id SET GENERATED ALWAYS",
        "UPDATE pg_index SET indisvalid = false WHERE indexrelid = 'uq_sites_code'::regclass",
    ],
    ids=["check", "identity", "invalid index"],
)
def test_catalog_snapshot_sees_what_autogenerate_may_miss(chain: Chain, mutation: str) -> None:
    """Otherwise equal snapshots would mean nothing."""
    chain.upgrade()
    before = snapshot(chain)

    chain.execute(mutation)

    assert snapshot(chain) != before


def _differences(context: MigrationContext) -> list[object]:
    return list(compare_metadata(context, Base.metadata))
