"""Many databases in short: counted whole, listed few."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from sst.fleet.inventory.entry import Entry
from sst.fleet.inventory.inventory import inventory_of
from sst.hooks.contract.checks import CheckStatus
from sst.migrator.standing.brief import Brief
from sst.migrator.standing.headline import Headline

NOON = datetime(2026, 11, 27, 12, tzinfo=UTC)
GOOD = Headline(CheckStatus.PASS, "The database is up to date.", "nothing to do")


def entry(number: int, revision: str, *, failure: str = "", seconds: float = 1.0) -> Entry:
    """Return the database with that *number*, seen so many seconds after noon."""
    brief = Brief("pending", (revision,), GOOD, failure=failure, last_seconds=seconds)
    return Entry(f"db-{number:05}", brief, NOON + timedelta(seconds=number))


def lost(number: int) -> Entry:
    """Return the database with that *number*, lost so many minutes before noon."""
    before = entry(number, "one", failure="failed", seconds=10**6)
    since = NOON - timedelta(minutes=number)
    return Entry(before.name, before.brief, before.seen_at, True, since, "refused")  # noqa: FBT003


def test_ten_thousand_databases_are_a_few_lines() -> None:
    entries = [
        entry(number, f"r{number % 50}", failure="failed", seconds=number)
        for number in range(10_000)
    ]

    found = inventory_of(entries, ["r1"])

    assert (found.total, found.failed, found.counts["pending"]) == (10_000, 10_000, 10_000)
    assert found.revisions[0] == ("r1", 200)
    assert found.revisions[-1] == ("other", 200 * 44)
    assert len(found.revisions) == 7
    assert [each.name for each in found.trouble.entries][:2] == ["db-00000", "db-00001"]
    assert (len(found.trouble.entries), found.trouble.more) == (10, 9_990)
    assert found.slowest.entries[0].name == "db-09999"
    assert found.slowest_seconds == 9_999
    assert found.oldest_at == NOON


def test_one_that_is_lost_is_counted_as_that_alone() -> None:
    """What it was when it was read last is no answer to what it is."""
    found = inventory_of([lost(1), lost(5), entry(7, "one")], ["one"])

    assert (found.counts["unreachable"], found.counts["pending"]) == (2, 1)
    assert found.failed == 0
    assert found.trouble.count == 0
    assert found.revisions == (("one", 1),)
    assert found.slowest_seconds == 1
    assert found.oldest_at == NOON + timedelta(seconds=7)
    assert found.lost_since == NOON - timedelta(minutes=5)


def test_one_that_no_look_has_come_to_is_unseen() -> None:
    found = inventory_of([Entry("new")], ["one"])

    assert found.counts["unseen"] == 1
    assert found.revisions == (("one", 0),)
    assert found.oldest_at is None
    assert found.slowest_seconds is None


def test_newest_revision_of_the_code_is_named_although_none_is_at_it() -> None:
    found = inventory_of([entry(1, "one")], ["two"])

    assert found.revisions == (("two", 0), ("one", 1))
