"""What hooks cost: a run of `upgrade` with ten plugins that do nothing, against one without any.

Both runs of a pair have ten revisions and a fresh database, and take turns, so that a busy machine
slows both; the ratio of their medians is what is compared from day to day. Each is a fork of a
process that has its libraries imported: the start of Python is in `start_up.py`.

    python -m bench.hooks [--runs N]

The server is the one of DATABASE_URL (databases are created there and dropped), else an embedded
one that is started for this.
"""

from __future__ import annotations

import argparse
import contextlib
import os
import statistics
import tempfile
import time
from pathlib import Path
from typing import TYPE_CHECKING

from tests.support.project import Project
from tests.support.server import TestServer, embedded_server

if TYPE_CHECKING:
    from collections.abc import Iterator

PLUGINS = tuple(f"noop{number}" for number in range(10))
REVISIONS = 10
CALLS_OF_A_RUN = 7 + 3 * REVISIONS
"""Of one plugin: start, both gates, both ends of around, checks, success; three per revision."""

_NOOP = """
from contextlib import contextmanager
from sst.hooks import hookimpl

@hookimpl
def register_checks():
    return []

@hookimpl
def pre_migrate(run):
    pass

@hookimpl
@contextmanager
def around_migrate(run):
    yield

@hookimpl
def pre_revision(run, revision):
    pass

@hookimpl
def post_revision(run, revision):
    pass

@hookimpl
def post_migrate(run):
    pass

@hookimpl
def notify(event):
    pass
"""


def main() -> None:
    """Print the ratio, and what is left for one call."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--runs", type=int, default=15, help="runs of each kind")
    rounds = parser.parse_args().runs
    with any_server() as server, tempfile.TemporaryDirectory() as folder:
        without, with_ten = [], []
        for number in range(rounds):
            place = Path(folder) / str(number)
            without.append(seconds(server, place / "none", ()))
            with_ten.append(seconds(server, place / "ten", PLUGINS))
    none, ten = statistics.median(without), statistics.median(with_ten)
    each = (ten - none) / (len(PLUGINS) * CALLS_OF_A_RUN)
    print(
        f"ten plugins: {ten / none:.2f} times a run without any"
        f" (medians of {rounds}: {ten:.3f} s and {none:.3f} s; {each * 1e6:.0f} us for each of"
        f" {len(PLUGINS) * CALLS_OF_A_RUN} calls, the import of the plugins included)"
    )


def seconds(server: TestServer, root: Path, plugins: tuple[str, ...]) -> float:
    """Return how long one upgrade takes; one that fails ends the benchmark."""
    url = server.create_database()
    try:
        project = Project.create(root, url)
        for number in range(REVISIONS):
            project.revision(
                f"r{number}", f"op.create_table('t{number}', sa.Column('id', sa.Integer))"
            )
        for name in plugins:
            project.plugin(name, _NOOP)
        project.enable(*plugins)
        project.migrate("--version")  # the fork server is up, and the files are in the cache
        started = time.perf_counter()
        outcome = project.migrate("upgrade")
        taken = time.perf_counter() - started
        if outcome.exit_code:
            raise SystemExit(outcome.output)
        return taken
    finally:
        server.drop_database(url)


@contextlib.contextmanager
def any_server() -> Iterator[TestServer]:
    """Return the server of DATABASE_URL, else an embedded one that is stopped at the end."""
    url = os.environ.get("DATABASE_URL", "")
    if url.startswith("postgresql://"):
        yield TestServer(url)
        return
    with embedded_server() as server:
        yield server


if __name__ == "__main__":
    main()
