"""The way to the queue's database, and to procrastinate."""

from __future__ import annotations

import logging
from contextlib import contextmanager
from importlib.util import find_spec
from typing import TYPE_CHECKING, Any

from sst.hooks import (
    ConfigError,
    DatabaseUnreachableError,
    DatabaseUrl,
    Problem,
    first_line,
    install_advice,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from procrastinate import App
    from psycopg import AsyncConnection, Connection

SCHEMA = "sst_fleet"
# Of who is gone while the server does not know it, no transaction may stay and hold locks.
_SESSION = f"SET search_path TO {SCHEMA}; SET idle_in_transaction_session_timeout TO '10s'"
_PACKAGES = {"procrastinate": "procrastinate>=3.4,<4", "psycopg": "psycopg[binary]>=3.1.4"}
_CONNECT_SECONDS = 10
_POOL_SECONDS = 10.0
_NOTICE_A_DEAD_NETWORK = {
    "keepalives_idle": 5,
    "keepalives_interval": 2,
    "keepalives_count": 3,
    "tcp_user_timeout": 10_000,
}


def require_packages() -> None:
    """Raise `ConfigError` that says how to install what is missing."""
    for name, requirement in _PACKAGES.items():
        if find_spec(name) is None:
            hint = install_advice(requirement, "fleet")
            what = f"needs the package {name}"
            raise ConfigError([Problem("plugin fleet_procrastinate", what, "", hint)])


def connect(url: DatabaseUrl) -> Connection[Any]:
    """Return a session on *url*, without a transaction. Raises `DatabaseUnreachableError`."""
    from .answering import AnsweringConnection

    with telling(url):
        return AnsweringConnection.connect(**_keywords(url), autocommit=True)


def app_for_call(url: DatabaseUrl) -> App:
    """Return procrastinate for a call that waits: one connection, to be opened and closed."""
    from procrastinate import App, SyncPsycopgConnector

    from .answering import AnsweringConnection

    pool = _pool(url, AnsweringConnection, most=1)
    return App(connector=SyncPsycopgConnector(configure=_use_schema, **pool))


def app_for_worker(url: DatabaseUrl, is_ending: Callable[[], bool]) -> App:
    """Return procrastinate for a worker: a few connections, to be opened and closed.

    A queue that is away is waited for, until *is_ending* says that the worker is to end.
    """
    from procrastinate import App

    from .answering import AnsweringAsyncConnection
    from .worker.connector import WaitingConnector

    pool = _pool(url, AnsweringAsyncConnection, most=4)
    return App(connector=WaitingConnector(url, is_ending, configure=_use_schema_later, **pool))


@contextmanager
def telling(url: DatabaseUrl) -> Iterator[None]:
    """Raise what the driver raises as an error of ours, exit 75."""
    import psycopg
    from procrastinate.exceptions import ConnectorException

    try:
        yield
    except (psycopg.Error, ConnectorException) as error:
        raise unreachable(url, error, "try again when it does") from error


def unreachable(
    url: DatabaseUrl, error: BaseException, next_step: str
) -> DatabaseUnreachableError:
    """Return that the queue does not answer, with what *error* or its cause says."""
    return DatabaseUnreachableError(
        what=f"The queue in the database {url.name} does not answer.",
        why=url.redact(first_line(error.__cause__ or error)),
        next_step=next_step,
    )


def _pool(url: DatabaseUrl, kind: type, *, most: int) -> dict[str, Any]:
    for name in ("procrastinate", "psycopg"):
        # What they say of a queue that is away, with traces, is said once by us.
        logging.getLogger(name).setLevel(logging.CRITICAL)
    # Without the last one, pauses between attempts grow to minutes.
    seconds = {"timeout": _POOL_SECONDS, "reconnect_timeout": _POOL_SECONDS}
    size = {"min_size": 1, "max_size": most}
    return {"connection_class": kind, "kwargs": _keywords(url), **size, **seconds}


def _keywords(url: DatabaseUrl) -> dict[str, Any]:
    given = {"connect_timeout": _CONNECT_SECONDS, **_NOTICE_A_DEAD_NETWORK}
    return {**given, **url.for_connect(application_name="sst-fleet")}


def _use_schema(connection: Connection[Any]) -> None:
    connection.execute(_SESSION)
    connection.commit()


async def _use_schema_later(connection: AsyncConnection[Any]) -> None:
    await connection.execute(_SESSION)
    await connection.commit()
