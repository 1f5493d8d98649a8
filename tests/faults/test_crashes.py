"""Runs killed at random moments: whatever they leave, one undisturbed run makes it good.

A writer and the runs of a second project are at work beside them, and lose nothing.

`CRASH_RUNS` is the number of kills (12), `CRASH_SEED` repeats the kills of an earlier session.
"""

from __future__ import annotations

import os
import random
import signal
import time
from typing import TYPE_CHECKING

import pytest

from tests.support.dumps import dump
from tests.support.faults import FREE_WITHIN_SECONDS, HELD
from tests.support.forks import wait_until
from tests.support.project import Project
from tests.support.witnesses import leave, witnesses

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from tests.support.forks import Running
    from tests.support.server import TestServer

_RUNS = int(os.environ.get("CRASH_RUNS", "12"))
_SEED = int(os.environ.get("CRASH_SEED", str(random.randrange(1_000_000))))  # noqa: S311 - no secret
_KILLS_EACH = 3
_JITTER_SECONDS = 0.06

# A mixed chain, every revision written so that it can be run again from wherever it was cut off.
_CHAIN = {
    "tables": """
        op.execute("create table sites (id int primary key, name text)")
        op.execute("create table visits (id int primary key, site int)")
        op.execute("insert into sites select g, 'site ' || g from generate_series(1, 2000) g")
        op.execute("insert into visits select g, g % 2000 + 1 from generate_series(1, 4000) g")
    """,
    "total": """
        op.add_column("sites", sa.Column("visits", sa.Integer, server_default="0"))
        op.execute("update sites s set visits = visits"
            " + (select count(*) from visits v where v.site = s.id)")
    """,
    "index": """
        with op.get_context().autocommit_block():
            op.execute("drop index concurrently if exists visits_site")
            op.execute("create index concurrently visits_site on visits (site)")
    """,
    "column": "op.add_column('visits', sa.Column('weight', sa.Integer))",
    "backfill": """
        with op.get_context().autocommit_block():
            connection = op.get_bind()
            while connection.execute(sa.text(
                "with part as (select id from visits where weight is null order by id limit 200)"
                " update visits v set weight = v.id * 3 from part where v.id = part.id"
            )).rowcount:
                print("part", flush=True)
    """,
    "double": "op.execute('update sites set visits = visits * 2')",
    "check": """
        op.create_check_constraint("weighed", "visits", "weight is not null")
        op.drop_column("sites", "name")
    """,
    "unique": """
        with op.get_context().autocommit_block():
            op.execute("drop index concurrently if exists sites_both")
            op.execute("create unique index concurrently sites_both on sites (id, visits)")
    """,
    # No run is over before it is killed, however late that is on a busy machine.
    "end": "print('waits', flush=True)\nwhile not os.path.exists('go'): time.sleep(0.01)",
}


def _write(project: Project) -> Project:
    for name, body in _CHAIN.items():
        project.revision(name, body)
    return project


@pytest.fixture(scope="module")
def undisturbed(
    embedded: TestServer, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[frozenset[str]]:
    """Return what a run leaves that nobody kills."""
    url = embedded.create_database()
    project = _write(Project.create(tmp_path_factory.mktemp("crashes") / "project", url))
    (project.root / "go").touch()
    result = project.migrate("upgrade")
    assert result.exit_code == 0, result.output
    yield dump(url)
    embedded.drop_database(url)


def _moments(project: Project) -> list[str]:
    """Return what can be seen of the next run while it goes on, in order."""
    names = list(_CHAIN)
    applied = project.current_revision()
    pending = names[names.index(applied) + 1 :] if applied else names
    parts = ["part\n" * count for count in (1, 5, 15)] if "backfill" in pending else []
    return [": upgrade to head", *(f" {name} in " for name in pending[:-1]), *parts]


def _has_printed(run: Running, *texts: str) -> bool:
    printed = run.printed()
    assert not run.has_ended, printed
    return any(each in printed for each in texts)


def _kill(project: Project, chance: random.Random) -> None:
    """Kill a run a random time after a random moment."""
    moment, jitter_seconds = chance.choice(_moments(project)), chance.uniform(0, _JITTER_SECONDS)
    run = project.start("upgrade")
    wait_until(lambda: _has_printed(run, moment, "\nwaits\n"), f"{moment!r} or the end")
    time.sleep(jitter_seconds)
    run.signal(signal.SIGKILL)
    assert run.finish().exit_code == -signal.SIGKILL, run.printed()
    wait_until(lambda: not project.query(HELD), "the lock is free", FREE_WITHIN_SECONDS)


@pytest.mark.slow
@pytest.mark.parametrize("number", range(_RUNS // _KILLS_EACH))
def test_killed_runs_lose_nothing_and_do_nothing_twice(
    project: Project, undisturbed: frozenset[str], number: int, tmp_path: Path
) -> None:
    print(f"CRASH_SEED={_SEED}")  # noqa: T201 - shown when the test fails
    chance = random.Random(f"{_SEED} {number}")  # noqa: S311 - no secret
    _write(project)
    with witnesses(project, tmp_path / "neighbour") as (writer, neighbour):
        for _ in range(_KILLS_EACH):
            with neighbour.running():
                _kill(project, chance)
        (project.root / "go").touch()

        result = project.migrate("upgrade")

    assert result.exit_code == 0, result.output
    writer.require_kept([project.database_url])
    assert len(neighbour.claimed) == _KILLS_EACH
    neighbour.require_tables()
    leave(project, neighbour)
    assert dump(project.database_url) == undisturbed
    outcomes = project.query("select outcome from migrator.run where outcome = 'running'")
    assert outcomes == []
