"""Who is there when something is killed: a writer, and the runs of a second Alembic project.

What the server has acknowledged to them must be found afterwards, and no word of theirs be untrue.
"""

from __future__ import annotations

import threading
from contextlib import closing, contextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Self

import psycopg2

from tests.support.backups import fetch
from tests.support.forks import wait_until
from tests.support.neighbours import HEADS, TABLE, neighbour
from tests.support.server import connect

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from pathlib import Path

    from tests.support.project import Project

_CREATE = "CREATE TABLE IF NOT EXISTS acknowledged (n integer)"
_ROWS = "SELECT n FROM acknowledged"
_DROP = f"DROP TABLE IF EXISTS acknowledged, {TABLE}"
_BUSY = 75


@dataclass
class Writer:
    """An application that inserts row after row, and connects again when it is thrown out."""

    url: str
    acknowledged: set[int] = field(default_factory=set)
    _sent: int = 0
    _over: threading.Event = field(default_factory=threading.Event)

    def __enter__(self) -> Self:
        """Begin; return when the first row is acknowledged."""
        self._thread = threading.Thread(target=self._write, daemon=True)
        self._thread.start()
        wait_until(lambda: self.acknowledged, "the first row")
        return self

    def __exit__(self, *exc_info: object) -> None:
        """End after the row that is under way."""
        self._over.set()
        self._thread.join(30)

    def require_kept(self, urls: Iterable[str]) -> None:
        """Assert that every acknowledged row is in one of the databases, once."""
        found = [row[0] for url in urls if _has_table(url) for row in fetch(url, _ROWS)]
        assert self.acknowledged <= set(found), sorted(self.acknowledged - set(found))

    def _write(self) -> None:
        while not self._over.is_set():
            try:
                with closing(connect(self.url)) as connection, connection.cursor() as cursor:
                    cursor.execute(_CREATE)
                    while not self._over.is_set():
                        self._sent += 1
                        cursor.execute("INSERT INTO acknowledged VALUES (%s)", (self._sent,))
                        self.acknowledged.add(self._sent)
            except psycopg2.Error:
                # Whether that row is there nobody has said; the next has another number.
                continue


@dataclass
class Neighbour:
    """A second project whose every run applies one revision."""

    project: Project
    claimed: list[str] = field(default_factory=list)
    """The revisions that its runs have reported, newest last."""

    @contextmanager
    def running(self) -> Iterator[None]:
        """Run for the body, and see that what the run says at its end is true there and then."""
        name = f"n{len(self.project.revisions)}"
        self.project.revision(name, f"op.execute('create table {name} as select 1 as n')")
        running = self.project.start("upgrade", "--json")
        yield
        end = running.finish(120)
        assert end.exit_code in {0, _BUSY}, end.output
        if end.exit_code == 0:
            self.claimed.append(name)
        else:
            assert end.json["applied"] == [], end.output

    def require_kept(self, urls: Iterable[str]) -> None:
        """Assert that each claim is in one of the databases, with its table."""
        there = {name for url in urls for (name,) in fetch(url, "SELECT relname FROM pg_class")}
        assert set(self.claimed) <= there, self.claimed

    def require_whole(self) -> None:
        """Assert that the next run brings all, and says the truth about it."""
        end = self.project.migrate("upgrade", "--json")
        assert end.exit_code == 0, end.output
        assert self.project.query(HEADS) == [(self.project.revisions[-1],)]
        self.require_tables()

    def require_tables(self) -> None:
        """Assert that every revision has left its table in the live database."""
        for name in self.project.revisions:
            assert self.project.query(f"SELECT n FROM {name}") == [(1,)]  # noqa: S608 - our own


@contextmanager
def witnesses(project: Project, root: Path) -> Iterator[tuple[Writer, Neighbour]]:
    """Let a writer and a second project with its files in *root* work beside *project*."""
    with Writer(project.database_url) as writer:
        yield writer, Neighbour(neighbour(root, project.database_url))


def leave(project: Project, neighbour_: Neighbour) -> None:
    """Drop what the witnesses have made, so that the rest can be compared."""
    project.query(_DROP)
    for name in neighbour_.project.revisions:
        project.query(f"DROP TABLE {name}")


def _has_table(url: str) -> bool:
    return fetch(url, "SELECT to_regclass('acknowledged') IS NOT NULL") == [(True,)]
