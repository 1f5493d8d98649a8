"""A server that drops packets: a look at all waits for it once, and not for each database."""

from __future__ import annotations

import socket
from contextlib import closing
from typing import TYPE_CHECKING

import pytest

from sst.cli.call.invocation import Invocation
from sst.cli.fleet.engines import local_engine
from sst.fleet.rollout import Limits, Rollout
from sst.hooks.contract.fleet.jobs import Work
from sst.targets.read import read_targets
from tests.support.many import LIST, ONE_AFTER_THE_OTHER

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.support.project import Project

COUNT = 12


@pytest.fixture
def listener() -> Iterator[socket.socket]:
    """Return a server that accepts connections and never says a word."""
    with socket.create_server(("127.0.0.1", 0), backlog=1000) as found:
        found.settimeout(0)
        yield found


def connections(listener: socket.socket) -> int:
    """Return how many have connected since the last call."""
    found = 0
    while True:
        try:
            listener.accept()[0].close()
        except BlockingIOError:
            return found
        found += 1


@pytest.fixture
def many(project: Project, listener: socket.socket) -> Project:
    """Return a project with a database that is there, and many on the silent server."""
    place = f"127.0.0.1:{listener.getsockname()[1]}"
    rows = [f"t{number:02},postgresql://o@{place}/t{number}" for number in range(COUNT)]
    listed = "\n".join(["name,url", *rows, f"z,{project.database_url}"])
    (project.root / LIST).write_text(listed, encoding="utf-8")
    project.revision("one")
    project.environment |= {"MIGRATE__TARGETS__FILE": LIST, "DB_CONNECT_TIMEOUT": "2"}
    return project


@pytest.mark.parametrize("command", ["status", "check", "plan"])
def test_look_at_all_waits_once(many: Project, listener: socket.socket, command: str) -> None:
    result = many.migrate(command, "--all", *ONE_AFTER_THE_OTHER, "--json")

    found = [each for name, each in result.json["targets"].items() if name != "z"]
    messages = [each["error"]["message"] for each in found]
    assert [each["exit_code"] for each in found] == [75] * COUNT
    assert messages[0].startswith("Cannot connect to")
    assert all(each.startswith("Not asked, because no connection") for each in messages[1:])
    assert all("t00: " in each for each in messages[1:])
    assert result.json["targets"]["z"]["schema_state"] == "empty"
    assert connections(listener) == 1


def test_look_before_a_resume_waits_once(
    many: Project, listener: socket.socket, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, value in {**many.environment, "DATABASE_URL": many.database_url}.items():
        monkeypatch.setenv(name, value)
    invocation = Invocation(many.root)
    chosen = read_targets(invocation.runtime)[:COUNT]
    engine = local_engine(invocation, 1)
    look = Work(("upgrade",), is_look=True)

    with closing(engine), closing(invocation):
        rollout = Rollout([chosen], look, engine, Limits(1), lambda *_: None)
        rollout.run()

    assert [each.exit_code for each in rollout.outcomes.values()] == [75] * COUNT
    assert connections(listener) == 1
