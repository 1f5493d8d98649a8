"""The words for the sessions that a revision waits for."""

from __future__ import annotations

from sst.migrator.table_locks.blockers import Blocker, describe_blockers

REPORT = Blocker(7, "then", "report", "reader", 12.4, "idle in transaction", "select ?")
PREPARED = Blocker(0, None, "", "", 0.0, "", "")


def test_every_blocker_is_named_in_one_line() -> None:
    assert describe_blockers([REPORT, PREPARED]).startswith(
        "pid 7 (report, user reader, idle in transaction, transaction open for 12 s): select ?, "
        "a prepared transaction"
    )


def test_blocker_that_had_gone_before_it_was_seen_is_said_so() -> None:
    assert describe_blockers([]) == "a session that could not be identified"
