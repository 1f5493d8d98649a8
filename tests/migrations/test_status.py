"""incidents.status replaces incidents.is_closed while old and new code are writing."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
import sqlalchemy as sa

from tests.migrations.chain import revision_before, revision_of
from tests.migrations.rows import add_incidents

if TYPE_CHECKING:
    from tests.migrations.chain import Chain

pytestmark = [pytest.mark.external, pytest.mark.lowest]

ADD = "add_incidents_status"
BACKFILL = "backfill_incidents_status"
CHECKS = "add_incidents_status_checks"
VALIDATE = "validate_incidents_status_checks"
DROP = "drop_incidents_is_closed"

COUNT = 2500
HALF = 1300
COUNTS = "SELECT coalesce(status, 'none'), count(*) FROM incidents GROUP BY 1 ORDER BY 1"
FILLED = [("closed", COUNT // 3), ("open", COUNT - COUNT // 3)]
WRONG = """
SELECT count(*) FROM incidents
WHERE status IS DISTINCT FROM CASE WHEN is_closed THEN 'closed' ELSE 'open' END
"""
VALIDATED = """
SELECT conname, convalidated FROM pg_constraint
WHERE conname LIKE 'ck_incidents_status_%' ORDER BY 1
"""
BREAK_AT_HALF = f"""
CREATE FUNCTION broken() RETURNS trigger LANGUAGE plpgsql AS
$$ BEGIN RAISE 'interrupted at half'; END $$;
CREATE TRIGGER broken BEFORE UPDATE ON incidents
FOR EACH ROW WHEN (NEW.id = {HALF}) EXECUTE FUNCTION broken()
"""
MEND = "DROP TRIGGER broken ON incidents; DROP FUNCTION broken()"
COUNT_WRITES = """
CREATE TABLE writes (id bigint);
CREATE FUNCTION count_write() RETURNS trigger LANGUAGE plpgsql AS
$$ BEGIN INSERT INTO writes VALUES (NEW.id); RETURN NULL; END $$;
CREATE TRIGGER count_write AFTER UPDATE ON incidents
FOR EACH ROW EXECUTE FUNCTION count_write()
"""


@pytest.fixture
def filled(chain: Chain) -> Chain:
    """Return a database one step before the backfill: its rows are older than the column."""
    chain.upgrade(revision_before(ADD))
    add_incidents(chain, COUNT)
    chain.upgrade(revision_before(BACKFILL))
    return chain


def test_backfill_fills_every_row_rightly(filled: Chain) -> None:
    """Two and a half batches: the last one is not full."""
    assert filled.fetch(COUNTS) == [("none", COUNT)]

    filled.upgrade(revision_of(BACKFILL))

    assert filled.fetch(COUNTS) == FILLED
    assert filled.value(WRONG) == 0


def test_interrupted_backfill_keeps_the_batches_that_are_done(filled: Chain) -> None:
    """Each batch is committed, and the revision is not recorded as done."""
    filled.execute(BREAK_AT_HALF)

    with pytest.raises(sa.exc.DBAPIError, match="interrupted at half"):
        filled.upgrade(revision_of(BACKFILL))

    assert filled.value("SELECT count(*) FROM incidents WHERE status IS NOT NULL") == 1000
    assert filled.heads() == (revision_before(BACKFILL),)


def test_second_run_of_the_backfill_goes_on_and_writes_no_row_twice(filled: Chain) -> None:
    """Work in an autocommit block runs at least once, so it must bear twice."""
    filled.execute(COUNT_WRITES, BREAK_AT_HALF)
    with pytest.raises(sa.exc.DBAPIError, match="interrupted at half"):
        filled.upgrade(revision_of(BACKFILL))
    filled.execute(MEND)

    filled.upgrade(revision_of(BACKFILL))

    assert filled.fetch(COUNTS) == FILLED
    assert filled.fetch("SELECT count(*), count(DISTINCT id) FROM writes") == [(COUNT, COUNT)]


def test_backfill_leaves_what_new_code_wrote(filled: Chain) -> None:
    """is_closed cannot tell "open" from "investigating"."""
    filled.execute("UPDATE incidents SET status = 'investigating' WHERE id = 1")

    filled.upgrade(revision_of(BACKFILL))

    assert filled.value("SELECT status FROM incidents WHERE id = 1") == "investigating"


def test_backfill_of_an_empty_table_ends(chain: Chain) -> None:
    """There is no smallest key to start from."""
    chain.upgrade(revision_of(BACKFILL))

    assert chain.heads() == (revision_of(BACKFILL),)


@pytest.mark.parametrize(
    ("write", "expected"),
    [
        ("SET is_closed = true", ("closed", True)),
        ("SET status = 'closed'", ("closed", True)),
        ("SET status = 'investigating'", ("investigating", False)),
        ("SET title = 'slip'", ("open", False)),
    ],
)
def test_old_and_new_code_agree_while_both_columns_exist(
    filled: Chain, write: str, expected: tuple[str, bool]
) -> None:
    """During a rolling deployment each writes only the column that it knows."""
    filled.execute(f"UPDATE incidents {write} WHERE id = 1")

    assert filled.fetch("SELECT status, is_closed FROM incidents WHERE id = 1") == [expected]


def test_incident_that_old_code_opens_again_is_open(filled: Chain) -> None:
    """Both columns follow the one that changed."""
    filled.execute("UPDATE incidents SET status = 'closed' WHERE id = 1")

    filled.execute("UPDATE incidents SET is_closed = false WHERE id = 1")

    assert filled.value("SELECT status FROM incidents WHERE id = 1") == "open"


def test_checks_start_not_valid_and_refuse_new_rows_at_once(filled: Chain) -> None:
    """From here on the number of wrong rows can only fall."""
    filled.upgrade(revision_of(CHECKS))

    assert filled.fetch(VALIDATED) == [
        ("ck_incidents_status_known", False),
        ("ck_incidents_status_required", False),
    ]
    with pytest.raises(sa.exc.IntegrityError, match="ck_incidents_status_known"):
        filled.execute("UPDATE incidents SET status = 'lost' WHERE id = 1")


def test_validation_proves_the_checks(filled: Chain) -> None:
    """Only a proven check lets SET NOT NULL skip its scan."""
    filled.upgrade(revision_of(VALIDATE))

    assert filled.fetch(VALIDATED) == [
        ("ck_incidents_status_known", True),
        ("ck_incidents_status_required", True),
    ]


def test_validation_refuses_a_row_that_was_missed(filled: Chain) -> None:
    """A wrong backfill stops here, before the old column is gone."""
    filled.upgrade(revision_before(CHECKS))
    filled.execute(
        "ALTER TABLE incidents DISABLE TRIGGER USER",
        "UPDATE incidents SET status = NULL WHERE id = 7",
        "ALTER TABLE incidents ENABLE TRIGGER USER",
    )

    with pytest.raises(sa.exc.IntegrityError, match="ck_incidents_status_required"):
        filled.upgrade()

    assert filled.heads() == (revision_of(CHECKS),)


def test_validation_does_not_wait_for_writers(filled: Chain) -> None:
    """A scan under ACCESS EXCLUSIVE would; lock_timeout turns waiting into an error."""
    filled.upgrade(revision_of(CHECKS))
    filled.execute(f"ALTER DATABASE {_name(filled)} SET lock_timeout = '1s'")

    with filled.engine.begin() as writer:
        writer.exec_driver_sql("UPDATE incidents SET title = 'being written' WHERE id = 1")
        filled.upgrade(revision_of(VALIDATE))

    assert filled.heads() == (revision_of(VALIDATE),)


def test_not_null_is_set_without_a_scan(filled: Chain) -> None:
    """PostgreSQL says at DEBUG1 that the validated check was proof enough."""
    filled.upgrade(revision_before(DROP))
    filled.execute(
        "ALTER ROLE CURRENT_USER IN DATABASE "
        + _name(filled)
        + " SET client_min_messages = debug1"
    )
    notices: list[str] = []
    sa.event.listen(
        filled.engine,
        "after_cursor_execute",
        lambda connection, *_: notices.extend(connection.connection.dbapi_connection.notices),
    )

    filled.upgrade(revision_of(DROP))

    assert any("sufficient to prove" in notice for notice in notices)


def test_column_that_comes_back_has_its_values(filled: Chain) -> None:
    """A downgrade that brings back an empty column is not a way back."""
    filled.upgrade(revision_of(DROP))
    filled.execute("UPDATE incidents SET status = 'investigating' WHERE id IN (1, 2)")

    filled.downgrade(revision_before(DROP))

    assert filled.fetch(
        "SELECT is_closed, status, count(*) FROM incidents GROUP BY 1, 2 ORDER BY 2"
    ) == [
        (True, "closed", COUNT // 3),
        (False, "investigating", 2),
        (False, "open", COUNT - COUNT // 3 - 2),
    ]


def test_interrupted_way_back_can_be_repeated(filled: Chain) -> None:
    """It commits statement by statement, so each statement must bear being run again."""
    filled.upgrade(revision_of(DROP))
    filled.execute("UPDATE incidents SET status = 'closed'", BREAK_AT_HALF)
    with pytest.raises(sa.exc.DBAPIError, match="interrupted at half"):
        filled.downgrade(revision_before(DROP))
    filled.execute(MEND)

    filled.downgrade(revision_before(DROP))

    assert filled.value("SELECT count(*) FROM incidents WHERE is_closed") == COUNT
    assert filled.heads() == (revision_before(DROP),)


def test_new_incident_is_open_without_being_told(chain: Chain) -> None:
    """Until the last revision the trigger does it; after it, the default."""
    chain.upgrade(revision_before(ADD))
    add_incidents(chain, 1)
    chain.upgrade()

    chain.execute("""
        INSERT INTO incidents (site_id, reported_by_id, occurred_at, title, severity)
        SELECT site_id, reported_by_id, now(), 'burn', 2 FROM incidents
    """)

    assert chain.fetch("SELECT title, status FROM incidents ORDER BY id DESC LIMIT 1") == [
        ("burn", "open")
    ]


def _name(chain: Chain) -> str:
    return str(chain.engine.url.database)
