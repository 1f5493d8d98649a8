"""What users of Alembic type: x arguments, merges, `[tool.alembic]`, and their mistakes."""

from __future__ import annotations

from textwrap import dedent
from typing import TYPE_CHECKING

import pytest

from tests.support import foreign_envs as envs
from tests.support.foreign import ForeignProject

if TYPE_CHECKING:
    from pathlib import Path

    from tests.support.project import Project

X = "open('x', 'a').write(repr(context.get_x_argument(as_dictionary=True)) + chr(10))\n"


def write_env(project: Project, *, first: str = "", last: str = "") -> None:
    """Put *first* before env.py, and *last* after its imports."""
    env = project.root / "alembic" / "env.py"
    env.write_text(f"{first}\nfrom alembic import context\n{last}\n{env.read_text()}")


@pytest.mark.parametrize(
    "command",
    [("upgrade",), ("plan",), ("check",), ("current",), ("history",), ("stamp", "head")],
    ids=lambda words: words[0],
)
def test_env_gets_the_x_arguments(project: Project, command: tuple[str, ...]) -> None:
    write_env(project, last=X)
    project.revision("a1")

    project.migrate("-x", "tenant=a", *command, "-x", "dry", "-x", "url=a=b")

    seen = set((project.root / "x").read_text().splitlines())
    assert seen == {"{'tenant': 'a', 'dry': '', 'url': 'a=b'}"}


def test_env_without_x_arguments_sees_none(project: Project) -> None:
    write_env(project, last=X + "assert context.config.cmd_opts is None")
    project.revision("a1")

    assert project.migrate("upgrade").exit_code == 0
    assert set((project.root / "x").read_text().splitlines()) == {"{}"}


@pytest.mark.parametrize(
    "heads", [("b1,b2",), ("b1", "b2"), ("heads",), ("b1, b2", "b1")], ids=" ".join
)
def test_heads_are_merged(project: Project, heads: tuple[str, ...]) -> None:
    two_heads(project)
    words = [word for head in heads for word in ("--head", head)]

    result = project.migrate("revision", "-m", "merge", *words, "--json")

    assert result.exit_code == 0, result.output
    text = (project.root / result.json["path"]).read_text()
    assert "('b1', 'b2')" in text or "('b2', 'b1')" in text
    up = project.migrate("upgrade", "--json")
    assert (up.exit_code, up.json["after"]) == (0, result.json["heads"][0]), up.output


@pytest.mark.parametrize(
    ("head", "code", "words"),
    [
        ("b1,b3", "revision_not_found", "b3"),
        ("nowhere", "revision_not_found", "nowhere"),
        ("b1,a1", "history_conflict", "a1"),
    ],
)
def test_heads_that_cannot_be_merged_are_refused(
    project: Project, head: str, code: str, words: str
) -> None:
    two_heads(project)

    result = project.migrate("revision", "-m", "merge", "--head", head, "--json")

    assert (result.exit_code, result.json["error"]["code"]) == (6, code), result.output
    assert words in result.json["error"]["message"]
    assert len(list((project.root / "alembic" / "versions").glob("*.py"))) == 3


def test_help_of_revision_tells_of_merging(project: Project) -> None:
    assert "heads" in project.migrate("revision", "--help").stdout


@pytest.mark.parametrize("section", [None, "tool.alembic"])
def test_tool_alembic_of_another_project_is_driven(project: Project, section: str | None) -> None:
    folder = project.root / "their project"
    foreign = ForeignProject.create(folder, "import helper\n" + envs.STOCK, folder="mig")
    foreign.write("lib/helper.py", "")
    foreign.write("more/.keep", "")
    foreign.revision("a1").revision("b1", "a1", versions="../more")
    foreign.write(
        "pyproject.toml",
        dedent("""
            [tool.alembic]
            script_location = "%(here)s/mig"
            version_locations = ["%(here)s/mig/versions", "more"]
            prepend_sys_path = [".", "lib"]
            file_template = "%%(rev)s_named"
            timezone = "UTC"
            revision_environment = true
            [[tool.alembic.post_write_hooks]]
            name = "note"
            type = "exec"
            executable = "touch"
            options = "REVISION_SCRIPT_FILENAME.seen"
        """),
    )
    project.settings["migrate.alembic_config"] = str(folder / "pyproject.toml")
    if section:
        project.settings["migrate.alembic_section"] = section

    up = project.migrate("upgrade", "--json")
    new = project.migrate("revision", "-m", "next", "--json")

    assert (up.exit_code, up.json["after"]) == (0, "b1"), up.output
    assert new.exit_code == 0, new.output
    path = folder / "more" / new.json["path"]
    assert path.name.endswith("_named.py")
    assert path.with_name(f"{path.name}.seen").exists()


@pytest.mark.parametrize(
    ("content", "words"),
    [
        ("[tool.other]\nname = 1\n", "has no section [tool.alembic]"),
        ("[tool.alembic]\ntimezone = 'UTC'\n", "has no script_location"),
        ("[tool.alembic\n", "cannot be read"),
    ],
    ids=["missing", "empty", "broken"],
)
def test_pyproject_that_leads_nowhere_is_named(
    project: Project, tmp_path: Path, content: str, words: str
) -> None:
    file = tmp_path / "pyproject.toml"
    file.write_text(content)
    project.settings["migrate.alembic_config"] = str(file)

    result = project.migrate("history", "--json")

    assert result.exit_code == 2
    assert words in result.json["error"]["message"]


def test_database_made_by_other_means_is_named_with_stamp(project: Project) -> None:
    project.query("create table users (id int)")
    project.revision("a1", "op.create_table('users', sa.Column('id', sa.Integer))")

    result = project.migrate("upgrade", "--json")
    stamp = project.migrate("stamp", "a1")

    assert (result.exit_code, result.json["error"]["sqlstate"]) == (1, "42P07")
    assert "made by other means" in result.json["error"]["hint"]
    assert "`python migrate.py stamp a1`" in result.json["error"]["hint"]
    assert (stamp.exit_code, project.migrate("upgrade").exit_code) == (0, 0)


def test_object_made_twice_in_one_run_is_first_the_revisions_fault(project: Project) -> None:
    project.revision("a1", "op.create_table('users', sa.Column('id', sa.Integer))")
    project.revision("a2", "op.create_table('users', sa.Column('id', sa.Integer))")

    hint = project.migrate("upgrade", "--json").json["error"]["hint"]

    assert hint.startswith("correct the revision; or if this database was made by other means")


def test_row_that_another_one_implies_is_refused_with_a_way_on(project: Project) -> None:
    project.revision("a1", "op.execute('select 1')")
    project.revision("a2", "op.execute('select 1')")
    project.migrate("upgrade")
    project.query("insert into alembic_version values ('a1')")

    result = project.migrate("upgrade", "--json")
    stamp = project.migrate("stamp", "a2")

    assert result.exit_code == 6
    assert "`python migrate.py stamp REVISION`" in result.json["error"]["hint"]
    assert (stamp.exit_code, project.migrate("upgrade").exit_code) == (0, 0)


def test_logging_from_an_ini_that_is_not_there_names_the_setting(project: Project) -> None:
    write_env(
        project,
        last="from logging.config import fileConfig\nfileConfig(context.config.config_file_name)",
    )
    project.revision("a1")

    result = project.migrate("upgrade", "--json")

    assert result.exit_code == 2
    assert "migrate.alembic_config" in result.json["error"]["message"]


def test_asynchronous_driver_for_a_synchronous_env_names_one_that_is_too(project: Project) -> None:
    foreign = ForeignProject.create(project.root / "theirs", envs.STOCK).line("a1")
    project.settings["migrate.script_location"] = str(foreign.root / "migrations")
    scheme, rest = project.database_url.split("://", 1)
    assert scheme.startswith("postgresql")

    result = project.migrate("upgrade", "--json", DATABASE_URL=f"postgresql+asyncpg://{rest}")

    assert result.exit_code == 2, result.output
    assert "postgresql+psycopg2://" in result.json["error"]["message"]
    assert "RuntimeWarning" not in result.stderr
    assert "never awaited" not in result.stderr


def two_heads(project: Project) -> None:
    """Write two revisions that follow the same one."""
    project.revision("a1")
    project.revision("b1", down="a1")
    project.revision("b2", down="a1")
