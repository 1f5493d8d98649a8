"""What the plugin `maintenance` costs each request: without it, with it, and while the flag is up.

Two servers at a time, as uvicorn serves them, get the same load of small requests in many short
turns, first one and then the other, then the other way round. Both ratios are the medians of those
of the pairs: of the requests per second, and of the processor time which a server spends on a
request, which a busy machine changes less.

    python -m bench.maintenance [--turns N] [--seconds N]

The flag is in Redis where REDIS_URL is set, else in the database: that of DATABASE_URL, else of an
embedded server that is started for this.
"""

from __future__ import annotations

import argparse
import contextlib
import os
import statistics
import sys
import tempfile
import time
from pathlib import Path
from typing import TYPE_CHECKING

from pydantic import SecretStr

from bench.serving import Served, load, uvicorn
from bench.table.rows import NotMeasuredError
from plugins.maintenance.in_database import DatabaseFlag
from plugins.maintenance.in_redis import RedisFlag
from sst.db.url import DatabaseUrl
from tests.support.project import Project
from tests.support.server import embedded_server

if TYPE_CHECKING:
    from collections.abc import Iterator

    from plugins.maintenance.flag import Flag

ROOT = Path(__file__).parent.parent


@contextlib.contextmanager
def serving(project: Project, status: int) -> Iterator[Served]:
    """Serve *project* until the block is left; it answers *status* when this yields."""
    variables = {"PATH": os.environ["PATH"], "DATABASE_URL": project.database_url}
    variables |= {"SERVED_PROJECT": str(project.root), **project.environment}
    words = ["--factory", "tests.support.served:create_served_app"]
    with uvicorn(sys.executable, words, ROOT, variables) as (port, process):
        server = Served(port, process, "/version", status)
        _await_status(server)
        yield server


def _await_status(server: Served) -> None:
    deadline = time.monotonic() + 60
    while True:
        try:
            load(server.port, server.path, server.status, 0.01)
        except NotMeasuredError:
            if time.monotonic() > deadline:
                raise
            time.sleep(0.1)
        else:
            return


@contextlib.contextmanager
def database() -> Iterator[str]:
    """Yield the URL of a database; nothing is changed in it."""
    given = os.environ.get("DATABASE_URL")
    if given:
        yield given
        return
    with embedded_server() as server:
        yield server.url


def _project(folder: Path, url: str, key: str, *plugins: str) -> Project:
    project = Project.create(folder, url)
    project.enable(*plugins)
    if plugins:
        project.environment["PLUGINS__MAINTENANCE__REDIS_KEY"] = key
    if "REDIS_URL" in os.environ:
        project.environment["REDIS_URL"] = os.environ["REDIS_URL"]
    return project


def _flag(url: str, key: str) -> Flag:
    redis = os.environ.get("REDIS_URL")
    if redis:
        return RedisFlag(SecretStr(redis), key, 3600)
    return DatabaseFlag(DatabaseUrl(url), "bench", 3600)


def compare(name: str, base: Served, other: Served, turns: int, seconds: float) -> None:
    """Measure both in turns and print the ratios."""
    for turn in range(turns):
        for server in (base, other) if turn % 2 else (other, base):
            server.measure(seconds)
    rates = _median_ratio(base.rates[-turns:], other.rates)
    costs = _median_ratio(base.costs[-turns:], other.costs)
    print(
        f"{name}: {rates:.2f} times the requests per second, {costs:.2f} times the processor time "
        f"of a request ({statistics.median(base.costs):.0f} us without it)",
        flush=True,
    )


def _median_ratio(base: list[float], other: list[float]) -> float:
    return statistics.median(one / plain for plain, one in zip(base, other, strict=True))


def main() -> None:
    """Compare with it and without it, and with the flag up and without it."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--turns", type=int, default=40)
    parser.add_argument("--seconds", type=float, default=0.25)
    given = parser.parse_args()
    key = f"bench:maintenance:{os.getpid()}"
    with contextlib.ExitStack() as stack:
        url = stack.enter_context(database())
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        plain = _project(folder / "plain", url, key)
        with_it = _project(folder / "with", url, key, "maintenance")
        base = stack.enter_context(serving(plain, 200))
        with serving(with_it, 200) as other:
            compare("with the plugin", base, other, given.turns, given.seconds)
        flag = _flag(url, key)
        stack.callback(flag.take_down)
        flag.keep_up()
        with serving(with_it, 503) as other:
            compare("with the flag up", base, other, given.turns, given.seconds)


if __name__ == "__main__":
    main()
