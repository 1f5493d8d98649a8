"""Restores killed at chosen moments: the live database is one or the other, and takes connections.

A writer and the runs of a second project are at work beside them: what was acknowledged to either
is in the live database or in one that was kept.

`CRASH_RESTORES` is the number of kills (4), `CRASH_SEED` repeats those of an earlier session.
"""

from __future__ import annotations

import os
import random
import signal
import time
from contextlib import suppress
from typing import TYPE_CHECKING

import pytest

from tests.support.faults import FREE_WITHIN_SECONDS, HELD
from tests.support.forks import wait_until
from tests.support.swaps import oid_of
from tests.support.witnesses import witnesses

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from tests.support.forks import Running
    from tests.support.shops import Shop

_KILLS = int(os.environ.get("CRASH_RESTORES", "4"))
_SEED = int(os.environ.get("CRASH_SEED", str(random.randrange(1_000_000))))  # noqa: S311 - no secret
_JITTER_SECONDS = {"begun": 0.1, "rebuilding": 0.4, "comparing": 0.2, "swapped": 0.02}


@pytest.mark.slow
def test_killed_restores_leave_one_whole_database_under_the_name(
    shop: Shop, tmp_path: Path
) -> None:
    print(f"CRASH_SEED={_SEED}")  # noqa: T201 - shown when the test fails
    chance = random.Random(_SEED)  # noqa: S311 - no secret
    moments = [*_JITTER_SECONDS, *chance.choices([*_JITTER_SECONDS], k=_KILLS)]
    with witnesses(shop.project, tmp_path / "neighbour") as (writer, neighbour):
        killed = []
        for moment in moments[:_KILLS]:
            with neighbour.running():
                killed.append(_kill(shop, moment, chance))

        restored = shop.restore()

    assert restored.exit_code == 0, restored.output
    everywhere = [shop.url_of(name) for name in shop.family()]
    writer.require_kept(everywhere)
    neighbour.require_kept(everywhere)
    neighbour.require_whole()
    assert any(killed)
    assert shop.rows() == [("one",)]
    assert [name for name in shop.family() if "_restore_" in name] == []
    assert shop.project.query("SELECT FROM migrator.run WHERE outcome = 'running'") == []


def _kill(shop: Shop, moment: str, chance: random.Random) -> bool:
    """Kill a restore a random time after *moment*; say whether it lived until then."""
    shop.project.query("UPDATE whoami SET word = %s", moment)
    live = oid_of(shop.server.url, shop.live)
    running = shop.project.start("restore", shop.backup_id, *shop.confirmed)
    reached = _reached(shop, running, moment, live)
    wait_until(lambda: reached() or running.has_ended, f"{moment} or the end", 180)
    time.sleep(chance.uniform(0, _JITTER_SECONDS[moment]))
    with suppress(ProcessLookupError):
        running.signal(signal.SIGKILL)
    code = running.finish().exit_code
    assert code in {0, -signal.SIGKILL}, running.printed()
    word = "one" if oid_of(shop.server.url, shop.live) != live else moment
    assert shop.rows() == [(word,)]
    wait_until(lambda: not shop.project.query(HELD), "the lock is free", FREE_WITHIN_SECONDS)
    return code != 0


def _reached(shop: Shop, running: Running, moment: str, live: int | None) -> Callable[[], bool]:
    """Return what says that *moment* has come."""
    if moment == "begun":
        return lambda: bool(shop.project.query(HELD))
    if moment == "swapped":
        return lambda: oid_of(shop.server.url, shop.live) not in {live, None}
    return lambda: f"{moment} " in running.printed()
