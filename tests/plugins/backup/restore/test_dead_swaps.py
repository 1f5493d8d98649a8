"""A swap that is held up or dies: whoever meets the closed database is told why, and opens it."""

from __future__ import annotations

import signal
from contextlib import closing, contextmanager
from typing import TYPE_CHECKING

import psycopg2

from tests.support.backups import fetch
from tests.support.faults import HELD
from tests.support.forks import wait_until
from tests.support.server import connect
from tests.support.swaps import frozen, set_open

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.support.forks import Running
    from tests.support.shops import Shop

_SWAPS = """
SELECT pg_terminate_backend(pid) FROM pg_stat_activity
 WHERE datname = current_database() AND query LIKE '%$swap$%' AND pid <> pg_backend_pid()
"""
_NOTES = "SELECT FROM pg_shdescription WHERE description LIKE '%sst-swap%'"
_COMMANDS = (
    ("check",),
    ("current",),
    ("history",),
    ("plan",),
    ("upgrade",),
    ("downgrade", "-1"),
    ("stamp", "head"),
    ("runs", "list"),
    ("wait", "--timeout", "0"),
    ("backup", "create"),
    ("backup", "prune"),
    ("backup", "verify", "latest", "--level", "restore"),
)


@contextmanager
def held_up(shop: Shop) -> Iterator[Running]:
    """Let a restore wait in its swap for a session whose process is stopped."""
    shop.project.settings["plugins.backup.swap_timeout_seconds"] = 300
    with (
        closing(connect(shop.project.database_url)) as stubborn,
        frozen(stubborn.info.backend_pid),
    ):
        running = shop.project.start("restore", shop.backup_id, *shop.confirmed)
        wait_until(
            lambda: running.has_ended or not _lets_in(shop),
            "the swap has begun",
            timeout_seconds=60,
        )
        assert not running.has_ended, running.printed()
        yield running


@contextmanager
def died(shop: Shop) -> Iterator[None]:
    """Kill a restore in its swap, and end the server's process that goes on without it."""
    with held_up(shop) as running:
        running.signal(signal.SIGKILL)
        running.finish()
        assert fetch(shop.server.url, _SWAPS) == [(True,)]
        wait_until(lambda: not fetch(shop.server.url, _SWAPS), "the swap is dead")
        yield


def _lets_in(shop: Shop) -> bool:
    try:
        connect(shop.project.database_url).close()
    except psycopg2.OperationalError:
        return False
    return True


def test_every_command_names_the_dead_swap_and_repair_opens_the_database(shop: Shop) -> None:
    with died(shop):
        met = {words: shop.project.migrate(*words, "--json") for words in _COMMANDS}
        listed = shop.project.migrate("repair", "--json")
        repaired = shop.project.migrate("repair", "--yes", "--json")

    for words, outcome in met.items():
        error = outcome.json["error"]
        assert outcome.exit_code == 75, (words, outcome.output)
        assert "the swap of a restore has died" in error["message"], words
        assert "began at 20" in error["message"], words
        assert "migrate.py repair" in error["hint"], words
        assert "migrate.py restore" in error["hint"], words
    [finding] = listed.json["findings"]
    assert (listed.exit_code, finding["code"]) == (3, "closed_database"), listed.output
    assert repaired.exit_code == 0, repaired.output
    assert [each["outcome"] for each in repaired.json["findings"]] == ["mended", "mended"]
    assert shop.rows() == [("two",)]
    assert fetch(shop.server.url, _NOTES) == []
    steps = shop.project.query(
        "SELECT revision FROM migrator.step WHERE run_id = %s", repaired.json["run_id"]
    )
    assert (f"closed_database {shop.live}",) in steps
    assert shop.project.migrate("check").exit_code == 0


def test_next_restore_opens_the_database_after_a_dead_swap(shop: Shop) -> None:
    with died(shop):
        pass

    restored = shop.restore()

    assert restored.exit_code == 0, restored.output
    assert "an earlier swap was cut off" in restored.stderr
    assert shop.rows() == [("one",)]
    assert fetch(shop.server.url, _NOTES) == []


def test_way_back_opens_the_database_after_a_dead_swap(shop: Shop) -> None:
    kept = shop.restore("--json").json["data"]["kept_as"]
    for name in (shop.live, kept):
        set_open(shop.project.database_url, name, is_open=False)

    undone = shop.undo()

    assert undone.exit_code == 0, undone.output
    assert shop.rows() == [("two",)]


def test_swap_that_is_at_work_is_named_and_left_alone(shop: Shop) -> None:
    with held_up(shop) as running:
        met = [
            shop.project.migrate(*words, "--json")
            for words in (("upgrade",), ("check",), ("repair", "--yes"))
        ]

    for outcome in met:
        assert outcome.exit_code == 75, outcome.output
        assert "a restore is swapping it" in outcome.json["error"]["message"]
    assert running.finish().exit_code == 0
    assert shop.rows() == [("one",)]


def test_cleanup_behind_a_stopped_session_has_an_end_and_names_what_stays(shop: Shop) -> None:
    """DROP DATABASE waits for every process of the server, and this one does not react."""
    shop.project.settings["plugins.backup.swap_timeout_seconds"] = 0.5
    with (
        closing(connect(shop.project.database_url)) as stubborn,
        frozen(stubborn.info.backend_pid),
    ):
        failed = shop.project.start("restore", shop.backup_id, *shop.confirmed).finish(180)
        held = shop.project.query(HELD)

    [left] = [name for name in shop.family() if name != shop.live]
    assert failed.exit_code == 5, failed.output
    assert "a session did not end" in failed.stderr
    assert f"{left} stays: " in failed.stderr
    assert "backup prune" in failed.stderr
    assert held == []
    pruned = shop.project.migrate("backup", "prune", "--json")
    assert (pruned.exit_code, shop.family()) == (0, [shop.live]), pruned.output
    assert shop.rows() == [("two",)]
