"""Whatever changes, and in whatever order: what is told is what a look at everything tells."""

from __future__ import annotations

from contextlib import contextmanager
from itertools import count
from typing import TYPE_CHECKING, NamedTuple

from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from tests.support.door import Door
from tests.support.project import Project

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from tests.support.server import TestServer

TABLE = "op.create_table('{0}', sa.Column('id', sa.Integer, primary_key=True))"
MODELS = """
import sqlalchemy as sa

metadata = sa.MetaData()
sites = sa.Table("sites", metadata, sa.Column("id", sa.Integer, primary_key=True))
workers = sa.Table("workers", metadata, sa.Column("id", sa.Integer, primary_key=True))
"""
IMPORT = "import sys\nsys.path.insert(0, {!r})\nfrom models import metadata\n"
COMMANDS = ("current", "check")
MOST_CALLS = 5
"""So many calls keep what can be kept: two that note it, and some while the files are young."""


class Change(NamedTuple):
    """One thing that is otherwise, and how it is put back."""

    do: Callable[[Door], object]
    undo: Callable[[Door], object]


def of_file(find: Callable[[Path], Path], edit: Callable[[str], str]) -> Change:
    """Return the change of one file's text by *edit*."""
    before: list[str] = []

    def do(door: Door) -> None:
        path = find(door.project.root)
        before.append(path.read_text())
        path.write_text(edit(before[-1]))

    return Change(do, lambda door: find(door.project.root).write_text(before.pop()))


def of_database(do: str, undo: str) -> Change:
    """Return the change that one statement makes, and another puts back."""
    return Change(lambda door: door.project.query(do), lambda door: door.project.query(undo))


def later(root: Path) -> Path:
    """Return the file of a revision that is added."""
    return root / "alembic" / "versions" / "20269999_later.py"


def add_revision(door: Door) -> None:
    """Write a revision that follows the last one."""
    text = applied(door.project.root).read_text()
    after = text.replace("'workers'", "'later'").replace("'sites'", "'workers'")
    later(door.project.root).write_text(after)


def applied(root: Path) -> Path:
    """Return the file of a revision that is applied."""
    return next((root / "alembic" / "versions").glob("*_workers.py"))


CHANGES = {
    "added revision": Change(add_revision, lambda door: later(door.project.root).unlink()),
    "edited revision": of_file(applied, lambda text: text.replace("sa.Integer", "sa.Numeric")),
    "edited models": of_file(
        lambda root: root / "models.py", lambda text: text.replace('"workers"', '"workerz"')
    ),
    "setting": of_file(
        lambda root: root / "settings.toml",
        lambda text: text.replace("protected = false", "protected = false\nunknown_thing = 1"),
    ),
    "variable": Change(
        lambda door: door.environment.update(LOG_FORMAT="json"),
        lambda door: door.environment.pop("LOG_FORMAT"),
    ),
    "column": of_database("alter table sites add column x int", "alter table sites drop column x"),
    "comment": of_database("comment on table sites is 'x'", "comment on table sites is null"),
    "index": of_database("create index i on sites (id)", "drop index i"),
    "version row": of_database(
        "update alembic_version set version_num = 'sites'",
        "update alembic_version set version_num = 'workers'",
    ),
    "record of a run": of_database(
        "update migrator.run set outcome = 'running'",
        "update migrator.run set outcome = 'succeeded'",
    ),
}


class Step(NamedTuple):
    """A change, whether it is put back, and whether answers are kept before what follows."""

    name: str
    is_undone: bool
    is_warmed: bool


STEPS = st.lists(
    st.builds(Step, st.sampled_from(sorted(CHANGES)), st.booleans(), st.booleans()),
    min_size=3,
    max_size=4,
    unique_by=lambda step: step.name,
)


def changed(door: Door, steps: list[Step]) -> Iterator[str]:
    """Make each of *steps*, and say after each what was done."""
    for step in steps:
        CHANGES[step.name].do(door)
        yield step.name
        if step.is_warmed:
            warm(door)
            yield f"{step.name}, kept"
        if step.is_undone:
            CHANGES[step.name].undo(door)
            yield f"{step.name}, undone"


def warm(door: Door) -> None:
    """Call until the answers are told again, where such ones are kept."""
    for words in COMMANDS:
        for _ in range(MOST_CALLS):
            told = door.call(words)
            if told.is_kept or told.exit_code:
                break


def migrated(root: Path, database_url: str) -> Door:
    """Return the door of a project with models, whose two revisions are applied."""
    project = Project.create(root / "project", database_url)
    env = project.root / "alembic" / "env.py"
    text = env.read_text().replace("=connection)", "=connection, target_metadata=metadata)")
    env.write_text(IMPORT.format(str(project.root)) + text)
    (project.root / "models.py").write_text(MODELS)
    for name in ("sites", "workers"):
        project.revision(name, TABLE.format(name))
    result = project.migrate("upgrade")
    assert result.exit_code == 0, result.output
    return Door(project, root / "calls")


@contextmanager
def closing_database(server: TestServer) -> Iterator[str]:
    """Return the URL of a database, which is dropped at the end."""
    url = server.create_database()
    try:
        yield url
    finally:
        server.drop_database(url)


def test_any_changes_in_any_order_are_told_as_without_what_is_kept(
    tmp_path: Path, embedded: TestServer
) -> None:
    numbers, kept = count(), list[str]()

    @settings(
        max_examples=8,
        deadline=None,
        database=None,
        phases=[Phase.generate],
        suppress_health_check=[HealthCheck.too_slow],
    )
    @given(STEPS)
    def same_is_told(steps: list[Step]) -> None:
        with closing_database(embedded) as url:
            door = migrated(tmp_path / str(next(numbers)), url)
            for done in changed(door, steps):
                for words in COMMANDS:
                    told, true = door.call(words), door.true(words)
                    assert told.timeless == true.timeless, (done, words, told.is_kept)
                    kept.extend([done] * told.is_kept)

    same_is_told()

    assert kept
