"""The flag itself, in the database and in Redis: who holds it up, and until when."""

from __future__ import annotations

from contextlib import closing
from typing import TYPE_CHECKING, Any

import psycopg2
import pytest
from pydantic import SecretStr
from redis import Redis

from plugins.maintenance.in_database import DatabaseFlag, DatabaseLook
from plugins.maintenance.in_redis import RedisFlag, RedisLook
from sst.db.url import DatabaseUrl
from tests.plugins.maintenance.conftest import PLACES
from tests.support.forks import wait_until
from tests.support.server import connect

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from plugins.maintenance.flag import Flag, Look

pytestmark = pytest.mark.external

_SESSIONS = """
    select pg_terminate_backend(pid) from pg_stat_activity
    where application_name like 'sst-maintenance%%' and datname = current_database()
"""


class Place:
    """Makes flags of one kind, and the look that an application has at them."""

    def __init__(self, make: Callable[[float], Flag], look: Look) -> None:
        self.make = make
        self.look = look


@pytest.fixture(params=PLACES)
def place(request: pytest.FixtureRequest) -> Iterator[Place]:
    """Return a place where no flag is up."""
    make, look = _doors(request)
    with closing(look):
        yield Place(make, look)


def _doors(request: pytest.FixtureRequest) -> tuple[Callable[[float], Flag], Look]:
    if request.param == "database":
        url = DatabaseUrl(request.getfixturevalue("database_url"))
        return (lambda ttl: DatabaseFlag(url, "run-1", ttl)), DatabaseLook(lambda: url)
    redis, key = request.getfixturevalue("redis_url"), request.getfixturevalue("redis_key")
    return (lambda ttl: RedisFlag(SecretStr(redis), key, ttl)), RedisLook(SecretStr(redis), key)


def test_flag_is_up_until_the_last_run_takes_it_down(place: Place) -> None:
    """Two runs with version tables of their own may be at work at once."""
    first, second = place.make(60), place.make(60)
    seen = [place.look.is_up()]
    for act in (first.keep_up, second.keep_up, second.keep_up, first.take_down):
        act()
        seen.append(place.look.is_up())
    second.take_down()

    # A session ends a moment after its client has said so.
    wait_until(lambda: not place.look.is_up(), "the flag is down")
    assert seen == [False, True, True, True, True]


def test_flag_that_nobody_renews_falls(place: Place) -> None:
    """Also when another run has kept the place busy meanwhile.

    A machine that is too busy to look within the second is given more.
    """
    assert any(_was_up_until_it_fell(place, life_seconds) for life_seconds in (1, 5, 20))


def test_key_in_redis_is_gone_with_the_last_flag(redis_url: str, redis_key: str) -> None:
    flag = RedisFlag(SecretStr(redis_url), redis_key, 60)
    with Redis.from_url(redis_url) as redis:
        flag.keep_up()
        left_ms: Any = redis.pttl(redis_key)
        flag.take_down()

        assert 0 < left_ms <= 60_000
        assert not redis.exists(redis_key)


def test_session_that_was_ended_is_replaced_by_the_next_renewal(database_url: str) -> None:
    url = DatabaseUrl(database_url)
    flag, look = DatabaseFlag(url, "run-1", 60), DatabaseLook(lambda: url)
    flag.keep_up()
    with closing(connect(database_url)) as connection, connection.cursor() as cursor:
        cursor.execute(_SESSIONS)
    wait_until(lambda: not _is_up(look), "the session has ended")

    flag.keep_up()

    assert look.is_up()
    flag.take_down()
    look.close()


def test_other_database_of_the_server_is_not_in_maintenance(
    make_database: Callable[[], str],
) -> None:
    one, other = DatabaseUrl(make_database()), DatabaseUrl(make_database())
    flag = DatabaseFlag(one, "run-1", 60)
    flag.keep_up()

    with closing(DatabaseLook(lambda: other)) as look:
        assert not look.is_up()
    flag.take_down()


def _was_up_until_it_fell(place: Place, life_seconds: float) -> bool:
    """Raise a flag, leave it alone until it falls, and say whether it was seen before."""
    dead, other = place.make(life_seconds), place.make(60)
    dead.keep_up()
    other.keep_up()
    other.take_down()
    was_up = place.look.is_up()
    wait_until(lambda: not place.look.is_up(), "the flag falls")
    dead.take_down()
    return was_up


def _is_up(look: Look) -> bool:
    """Ask; the look's own session may be the one that was ended."""
    try:
        return look.is_up()
    except psycopg2.Error:
        look.close()
        return True
