"""Connections while a plan is rehearsed: a revision's lead to the copy, a run's own do not."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING

import psycopg2
import pytest

from sst.db.url import DatabaseUrl
from sst.migrator.rehearsal.beyond import BeyondCopyError
from sst.migrator.rehearsal.own_connections import only_to
from sst.within import ThreadedWork

if TYPE_CHECKING:
    from collections.abc import Callable

_SECONDS = 60.0


def test_thread_of_the_run_connects_where_it_did_before(
    make_database: Callable[[], str],
) -> None:
    """The heartbeat of a run is at work while its plan is rehearsed."""
    real, copy = make_database(), make_database()
    begun = threading.Event()

    def beat() -> None:
        begun.wait(_SECONDS)
        psycopg2.connect(real).close()

    heartbeat = ThreadedWork(beat).start()
    with only_to(DatabaseUrl(copy)):
        begun.set()
        failure = heartbeat.failure(_SECONDS)
        later = ThreadedWork(lambda: psycopg2.connect(real).close()).start()
        of_a_revision = later.failure(_SECONDS)
        with pytest.raises(BeyondCopyError):
            psycopg2.connect(real)

    assert failure is None
    assert isinstance(of_a_revision, BeyondCopyError)
