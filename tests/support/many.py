"""Several databases that one project lists, as its `targets.csv`."""

from __future__ import annotations

import csv
from contextlib import closing, contextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from sst.runtime import open_runtime
from sst.testing.project.server import connect

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from sst.runtime import Runtime
    from tests.support.project import Project

LIST = "targets.csv"
ONE_AFTER_THE_OTHER = ("--parallel", "1")
"""One process is started: what is said of many needs no more."""


@contextmanager
def runtime_of_many(project: Project) -> Iterator[Runtime]:
    """Open the runtime of *project*, with one revision; the database is said by each target."""
    project.revision("one", "op.create_table('one', sa.Column('id', sa.Integer))")
    with open_runtime(
        project.root, environ={**project.environment, "DATABASE_URL": "unused"}
    ) as runtime:
        yield runtime


@dataclass
class ManyDatabases:
    """The databases of *project* by their names `t0`, `t1` and so on."""

    project: Project
    urls: dict[str, str]
    columns: dict[str, Mapping[str, str]] = field(default_factory=dict)
    """More columns of the list, each with what it says of a name."""

    @classmethod
    def create(
        cls, project: Project, make_database: Callable[[], str], count: int
    ) -> ManyDatabases:
        """Make *count* empty databases and list them."""
        found = cls(project, {f"t{number}": make_database() for number in range(count)})
        found.write()
        project.environment["MIGRATE__TARGETS__FILE"] = LIST
        return found

    @property
    def names(self) -> list[str]:
        """Their names, in order."""
        return [*self.urls]

    @property
    def odd(self) -> list[str]:
        """Every second name."""
        return self.names[1::2]

    @property
    def even(self) -> list[str]:
        """The other names."""
        return self.names[::2]

    def write(self) -> None:
        """Write the list anew."""
        with (self.project.root / LIST).open("w", encoding="utf-8", newline="") as file:
            rows = csv.writer(file)
            rows.writerow(["name", "url", *self.columns])
            for name, url in self.urls.items():
                more = (values.get(name, "") for values in self.columns.values())
                rows.writerow([name, url, *more])

    def query(self, name: str, sql: str, *parameters: Any) -> list[tuple[Any, ...]]:
        """Return the rows of *sql* on the database *name*."""
        with closing(connect(self.urls[name])) as connection, connection.cursor() as cursor:
            cursor.execute(sql, parameters or None)
            return [] if cursor.description is None else list(cursor.fetchall())

    def revision_of(self, name: str) -> str | None:
        """Return the revision of the database *name*; None without one."""
        if self.query(name, "select to_regclass('alembic_version')") == [(None,)]:
            return None
        rows = self.query(name, "select version_num from alembic_version")
        return rows[0][0] if rows else None

    def revisions(self) -> dict[str, str | None]:
        """Return the revision of each."""
        return {name: self.revision_of(name) for name in self.names}

    def runs(self) -> dict[str, int]:
        """Return how many runs each has on its record."""
        return {name: self._runs_of(name) for name in self.names}

    def _runs_of(self, name: str) -> int:
        if self.query(name, "select to_regclass('migrator.run')") == [(None,)]:
            return 0
        count: int = self.query(name, "select count(*) from migrator.run")[0][0]
        return count
