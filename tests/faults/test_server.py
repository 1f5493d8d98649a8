"""The server is hurt under a run: it freezes, restarts, refuses, drops sessions, fills up."""

from __future__ import annotations

import os
import signal
import time
from typing import TYPE_CHECKING

import pytest

from tests.support import foreign_envs as envs
from tests.support.disks import small_disk
from tests.support.faults import ASLEEP, REACHED, UNTIL_GO, WAITING, Fault, Scene, drive
from tests.support.forks import wait_until
from tests.support.locks import hold_run_lock

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from tests.support.hurt_server import HurtServer

_EITHER = "failed or interrupted"
_SILENCE = {"migrate.server_silence": "1.5"}
_ASLEEP_IN_FETCH = (
    REACHED
    + """
import sys
frame = sys._getframe()
while "run" not in frame.f_locals:
    frame = frame.f_back
frame.f_locals["run"].fetch("select pg_sleep(600)")
"""
)
"""Wait in the server, in a statement of a plugin's own."""
_SILENT = "has not answered for 1.5 s"
_SESSION = """
    select pid from pg_stat_activity
    where application_name like %s and datname = current_database()
"""


def _server(scene: Scene) -> HurtServer:
    assert scene.server
    return scene.server


def _freeze(scene: Scene) -> None:
    """Stop the server's processes until the run has ended."""
    _server(scene).freeze()
    scene.stack.callback(_server(scene).thaw)


def _freeze_while_waiting(scene: Scene) -> None:
    run = scene.run
    assert run
    wait_until(lambda: "waiting for" in run.printed(), "the run waits for the lock")
    _freeze(scene)


def _stop(scene: Scene) -> None:
    _server(scene).stop()
    scene.stack.callback(_server(scene).start)


def _restart(scene: Scene) -> None:
    _server(scene).restart()
    (scene.project.root / "go").touch()


def _own_connection(scene: Scene) -> None:
    """Let env.py ignore the connection that it is handed."""
    (scene.project.root / "alembic" / "env.py").write_text(envs.STOCK)


def _small_tablespace(scene: Scene) -> None:
    """Make a tablespace that is full soon."""
    folder = _server(scene).folder("small")
    account = _server(scene).place.account
    scene.stack.callback(folder.rmdir)
    owner = [f"uid={account.uid}", f"gid={account.gid}", "mode=700"] if account else []
    scene.stack.enter_context(small_disk(folder, *owner))
    scene.project.query(f"create tablespace small location '{folder}'")
    scene.stack.callback(scene.project.query, "drop tablespace small")


def _terminate(session: str) -> Callable[[Scene], None]:
    def terminate(scene: Scene) -> None:
        (found,) = scene.project.query(_SESSION, f"{session} %")
        scene.project.query("select pg_terminate_backend(%s)", found[0])
        (scene.project.root / "go").touch()

    return terminate


def _frozen(at: str, ends: str = "", does: str = WAITING, **over: object) -> Fault:
    values = {
        "name": f"frozen in {at}",
        "at": at,
        "does": does,
        "act": _freeze,
        "exit_code": 1,
        # What had been sent before the silence is done when the server wakes up.
        "outcome": "interrupted or failed",
        "says": _SILENT,
        "ends": ends,
        "settings": _SILENCE,
        "environment": {"DB_CONNECT_TIMEOUT": "2"},
        **over,
    }
    return Fault(**values)  # type: ignore[arg-type]


def _lost(name: str, at: str, ends: str = "", does: str = ASLEEP, **over: object) -> Fault:
    values = {
        "name": name,
        "at": at,
        "does": does,
        "exit_code": 1,
        "outcome": "failed",
        "says": "connection_lost",
        "ends": ends,
        **over,
    }
    return Fault(**values)  # type: ignore[arg-type]


def _signal_twice(scene: Scene) -> None:
    """Freeze the server and press Ctrl-C, then send what an orchestrator sends."""
    _freeze(scene)
    assert scene.run
    scene.run.signal(signal.SIGINT)
    scene.run.signal(signal.SIGTERM)


def _given_up(at: str, ends: str, says: str, does: str = ASLEEP) -> Fault:
    return _frozen(
        at,
        ends,
        does,
        name=f"two signals, frozen in {at}",
        act=_signal_twice,
        # Which of the two comes first is the kernel's choice.
        exit_code=None,
        outcome="interrupted",
        says=says,
        # Nothing but the second signal can end it.
        settings={"migrate.server_silence": "0"},
    )


FAULTS = [
    _given_up("three.middle", "two", "one, two; the database is at two; what becomes of three is"),
    _given_up("two.middle", "one", "what becomes of two is not known"),
    _given_up("pre_migrate", "", "committed in this run: none", WAITING),
    _frozen("one.middle", "", ASLEEP),
    _frozen("two.middle", "one", ASLEEP),
    _frozen(
        "three.last",
        "two",
        ASLEEP,
        name="frozen under env.py's own connection",
        arrange=_own_connection,
    ),
    _frozen("pre_migrate", exit_code=75),
    _frozen(
        "pre_migrate",
        "",
        _ASLEEP_IN_FETCH,
        name="frozen in a gate's own statement",
        exit_code=75,
    ),
    _frozen("post_migrate", "three"),
    _frozen(
        "",
        name="frozen waiting for the lock",
        does="",
        exit_code=75,
        outcome=None,
        arrange=hold_run_lock,
        act=_freeze_while_waiting,
    ),
    _frozen(
        "",
        name="frozen before the run",
        does="",
        exit_code=75,
        outcome=None,
        arrange=_freeze,
        act=lambda _: None,
        says="database_unreachable",
    ),
    _lost("restart in a transaction", "one.middle", act=_restart, outcome=_EITHER),
    _lost("restart in autocommit", "two.middle", "one", act=_restart, outcome=_EITHER),
    _lost("restart between revisions", "pre_revision.two", "one", UNTIL_GO, act=_restart),
    _lost("stop in a transaction", "three.last", "two", act=_stop, outcome="interrupted"),
    _lost(
        "session of the record dropped",
        "pre_revision.three",
        "three",
        UNTIL_GO,
        act=_terminate("sst-ledger"),
        exit_code=0,
        outcome="succeeded",
        says='"ok": true',
    ),
    pytest.param(
        Fault(
            name="disk of the server full",
            arrange=_small_tablespace,
            at="three.middle",
            does="op.execute('create table large tablespace small as "
            "select repeat(md5(g::text), 9) from generate_series(1, 9999) g')",
            exit_code=1,
            outcome="failed",
            says="DiskFull",
            ends="two",
        ),
        marks=pytest.mark.skipif(os.geteuid() != 0, reason="only root may mount a small disk"),
    ),
    Fault(name="refused", arrange=_stop, exit_code=75, outcome=None, says="database_unreachable"),
    _lost("session dropped in a transaction", "one.middle", act=_terminate("sst-migrate")),
    _lost("session dropped in autocommit", "two.middle", "one", act=_terminate("sst-migrate")),
    _lost(
        "session dropped between revisions",
        "pre_revision.three",
        "two",
        UNTIL_GO,
        act=_terminate("sst-migrate"),
    ),
]


@pytest.mark.parametrize("fault", FAULTS, ids=str)
def test_hurt_server(
    fault: Fault, hurt_scene: Scene, undisturbed: Mapping[str, frozenset[str]]
) -> None:
    drive(fault, hurt_scene, undisturbed)


def test_server_that_is_slow_for_a_moment_is_waited_for(
    hurt_scene: Scene, undisturbed: Mapping[str, frozenset[str]]
) -> None:
    """A short freeze, as of a virtual machine that moves, is no reason to give up."""

    def blink(scene: Scene) -> None:
        _server(scene).freeze()
        (scene.project.root / "go").touch()
        # The length of the freeze is the fault itself; there is nothing to await.
        time.sleep(1.0)
        _server(scene).thaw()

    fault = Fault(
        name="blink",
        at="one.middle",
        does=UNTIL_GO,
        act=blink,
        exit_code=0,
        outcome="succeeded",
        ends="three",
        settings={"migrate.server_silence": "3"},
    )

    drive(fault, hurt_scene, undisturbed)
