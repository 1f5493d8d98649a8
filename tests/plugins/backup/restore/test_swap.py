"""Two names change in one step, whatever happens to the client, the sessions or the link."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from typing import TYPE_CHECKING

import psycopg2
import pytest

from plugins.backup.postgres import maintenance_session as server_module
from plugins.backup.postgres.maintenance_session import connected
from plugins.backup.restore.swap import repair_swap, swap
from sst.hooks import Veto
from tests.support.backups import becomes_true, fetch
from tests.support.project import REPOSITORY
from tests.support.server import connect
from tests.support.swaps import Clients, Pair, frozen, pair, set_open

if TYPE_CHECKING:
    from collections.abc import Iterator

    from psycopg2.extensions import connection as Connection  # noqa: N812 - a class

    from sst.hooks import DatabaseUrl
    from tests.support.server import TestServer

_END_THE_SWAP = """
SELECT pg_terminate_backend(pid) FROM pg_stat_activity
 WHERE datname = current_database() AND query LIKE '%$swap$%' AND pid <> pg_backend_pid()
"""
_SCRIPT = """
import sys
from sst.db.url import DatabaseUrl
from plugins.backup.restore.swap import Names, swap
swap(DatabaseUrl(sys.argv[1]), Names(*sys.argv[2:5]))
"""


@pytest.fixture
def two(server: TestServer) -> Iterator[Pair]:
    """Return a pair on the server of this test."""
    with pair(server) as found:
        yield found


@pytest.fixture
def near(embedded: TestServer) -> Iterator[Pair]:
    """Return a pair on a server whose processes can be signalled from here."""
    with pair(embedded) as found:
        yield found


@pytest.fixture
def links(monkeypatch: pytest.MonkeyPatch) -> Iterator[list[socket.socket]]:
    """Return the sockets of the connections that the plugin opens from now on."""
    opened: list[socket.socket] = []
    open_connection = server_module._connect

    def open_and_remember(url: DatabaseUrl) -> Connection:
        connection = open_connection(url)
        opened.append(socket.socket(fileno=os.dup(connection.fileno())))
        return connection

    monkeypatch.setattr(server_module, "_connect", open_and_remember)
    yield opened
    for link in opened:
        link.close()


@pytest.mark.external
def test_names_change_while_applications_reconnect(two: Pair) -> None:
    with Clients(two.url) as clients:
        milliseconds = swap(two.target, two.names)

    assert clients.words == {"old", "new"}
    assert two.word_in(two.names.live) == "new"
    assert two.word_in(two.names.replaced) == "old"
    assert 0 < milliseconds < 5000


@pytest.mark.external
def test_what_cannot_be_renamed_changes_nothing(two: Pair) -> None:
    """The second name is taken: the first rename must not stand."""
    with connected(two.target) as outside:
        outside.execute("CREATE DATABASE {} TEMPLATE template0", two.names.replaced)

    with pytest.raises(Veto, match="already exists"):
        swap(two.target, two.names)

    assert two.word_in(two.names.live) == "old"
    assert two.word_in(two.names.fresh) == "new"


def test_session_that_refuses_to_end_keeps_the_live_database(near: Pair) -> None:
    with closing(connect(near.url)) as stubborn, frozen(stubborn.info.backend_pid):
        with pytest.raises(Veto, match=f"did not end: pid {stubborn.info.backend_pid}"):
            swap(near.target, near.names, deadline_seconds=0.5)

        assert near.word_in(near.names.live) == "old"
        assert near.word_in(near.names.fresh) == "new"


def test_swap_goes_on_without_its_client(near: Pair) -> None:
    """`kill -9` in the middle of it: the server has the whole step."""
    with closing(connect(near.url)) as stubborn:
        with frozen(stubborn.info.backend_pid):
            with _swapping_client(near) as client:
                client.kill()
            assert not _lets_in(near.url)

        assert becomes_true(lambda: _lets_in(near.url))

    assert near.word_in(near.names.live) == "new"
    assert near.word_in(near.names.replaced) == "old"


def test_link_lost_in_the_swap_is_looked_into(near: Pair, links: list[socket.socket]) -> None:
    """The server did it: the client comes back, finds out and has no reason to fail."""
    with ThreadPoolExecutor(1) as pool, closing(connect(near.url)) as stubborn:
        with frozen(stubborn.info.backend_pid):
            swapping = pool.submit(swap, near.target, near.names)
            assert becomes_true(lambda: not _lets_in(near.url), 60)
            links[0].shutdown(socket.SHUT_RDWR)

        assert swapping.result(30) > 0

    assert near.word_in(near.names.live) == "new"


def test_server_process_that_dies_in_the_swap_leaves_the_live_database(near: Pair) -> None:
    """Nobody gets in then; the client that lost it lets them in again, and says so."""
    with (
        closing(connect(near.url)) as stubborn,
        frozen(stubborn.info.backend_pid),
        _swapping_client(near) as client,
    ):
        assert fetch(near.url_of("postgres"), _END_THE_SWAP) == [(True,)]

        _, complaint = client.communicate(timeout=30)

        assert "did not change names" in complaint
        assert near.word_in(near.names.live) == "old"
        assert near.word_in(near.names.fresh) == "new"


def test_cancelled_swap_lets_people_in_again(near: Pair) -> None:
    """An administrator cancels whatever runs for long; the session lives on."""
    cancel = _END_THE_SWAP.replace("pg_terminate_backend", "pg_cancel_backend")
    with (
        closing(connect(near.url)) as stubborn,
        frozen(stubborn.info.backend_pid),
        _swapping_client(near) as client,
    ):
        assert fetch(near.url_of("postgres"), cancel) == [(True,)]

        _, complaint = client.communicate(timeout=30)

        assert "did not change names: canceling statement" in complaint
        assert near.word_in(near.names.live) == "old"
        assert near.word_in(near.names.fresh) == "new"


@pytest.mark.external
def test_closed_pair_of_a_crashed_server_is_opened_again(two: Pair) -> None:
    set_open(two.url, two.names.live, is_open=False)
    set_open(two.url, two.names.fresh, is_open=False)

    with connected(two.target) as outside:
        assert repair_swap(outside, two.names.live, two.names.fresh)

    assert two.word_in(two.names.live) == "old"
    assert two.word_in(two.names.fresh) == "new"


def test_database_that_somebody_closed_stays_closed(two: Pair) -> None:
    set_open(two.url, two.names.live, is_open=False)

    with connected(two.target) as outside:
        assert not repair_swap(outside, two.names.live, two.names.fresh)

    assert not _lets_in(two.url)


def _swapping_client(near: Pair) -> subprocess.Popen[str]:
    """Start a process that swaps; return when nobody gets in any more."""
    names = near.names
    client = subprocess.Popen(
        [sys.executable, "-c", _SCRIPT, near.url, names.live, names.fresh, names.replaced],
        cwd=REPOSITORY,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        text=True,
    )
    assert becomes_true(lambda: not _lets_in(near.url), 60)
    return client


def _lets_in(url: str) -> bool:
    try:
        connect(url).close()
    except psycopg2.OperationalError:
        return False
    return True
