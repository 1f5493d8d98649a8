"""The concurrent index: never in the way, valid at the end, repeatable."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
import sqlalchemy as sa

from tests.migrations.chain import revision_before, revision_of
from tests.migrations.rows import add_incidents

if TYPE_CHECKING:
    from tests.migrations.chain import Chain

pytestmark = [pytest.mark.external, pytest.mark.lowest]

PURPOSE = "index_incidents_site_id_occurred_at"
INDEX = "ix_incidents_site_id_occurred_at"
STATE = """
SELECT indisvalid, pg_get_indexdef(indexrelid) FROM pg_index
WHERE indexrelid = to_regclass('ix_incidents_site_id_occurred_at')
"""
BUILT = [
    (True, f"CREATE INDEX {INDEX} ON public.incidents USING btree (site_id, occurred_at)"),
]


@pytest.fixture
def before_index(chain: Chain) -> Chain:
    """Return a database with rows, one revision before the index."""
    chain.upgrade(revision_before(PURPOSE))
    add_incidents(chain, 10)
    return chain


def test_index_is_valid_afterwards(before_index: Chain) -> None:
    """Only a valid index is used, and Alembic does not look."""
    before_index.upgrade(revision_of(PURPOSE))

    assert before_index.fetch(STATE) == BUILT


def test_leftover_invalid_index_is_replaced(before_index: Chain) -> None:
    """IF NOT EXISTS alone would report success and leave the broken index in place."""
    _leave_invalid_index(before_index)
    assert before_index.fetch(STATE)[0][0] is False

    before_index.upgrade(revision_of(PURPOSE))

    assert before_index.fetch(STATE) == BUILT


def test_valid_index_that_is_already_there_is_kept(before_index: Chain) -> None:
    """A run killed after the build, before the version row: the work is not done twice."""
    before_index.execute_in_autocommit(
        f"CREATE INDEX CONCURRENTLY {INDEX} ON incidents (site_id, occurred_at)"
    )
    oid = f"SELECT '{INDEX}'::regclass::oid"
    built_by_hand = before_index.value(oid)

    before_index.upgrade(revision_of(PURPOSE))

    assert before_index.value(oid) == built_by_hand


def test_downgrade_is_repeatable_when_the_index_is_already_gone(before_index: Chain) -> None:
    """It ran outside a transaction: the drop may be done and the version row not."""
    before_index.upgrade(revision_of(PURPOSE))
    before_index.execute(f"DROP INDEX {INDEX}")

    before_index.downgrade("-1")

    assert before_index.heads() == (revision_before(PURPOSE),)


def _leave_invalid_index(chain: Chain) -> None:
    # A unique index over equal values fails at the end of the build, as a real one does.
    with pytest.raises(sa.exc.IntegrityError):
        chain.execute_in_autocommit(
            f"CREATE UNIQUE INDEX CONCURRENTLY {INDEX} ON incidents (site_id)"
        )
