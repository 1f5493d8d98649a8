"""What is kept is not told once anything that it came of is otherwise: the command answers."""

from __future__ import annotations

import os
import shutil
from typing import TYPE_CHECKING

import pytest

from tests.support.door import Door

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from tests.support.project import Project

TABLE = "op.create_table('{0}', sa.Column('id', sa.Integer, primary_key=True))"
COMMANDS = ("current", "check --json", "status", "history", "plan", "upgrade")
PLAIN = """
from sst.hooks import Check, CheckResult, CheckStatus, hookimpl

@hookimpl
def register_checks():
    return [Check("mine", lambda inspection: CheckResult(CheckStatus.PASS, "one"), cacheable=True)]
"""


@pytest.fixture
def door(project: Project, tmp_path: Path) -> Door:
    """Return the door of a project whose two revisions are applied, and which has a plugin."""
    for name in ("sites", "workers"):
        project.revision(name, TABLE.format(name))
    project.plugin("mine", PLAIN)
    project.enable("mine")
    result = project.migrate("upgrade")
    assert result.exit_code == 0, result.output
    return Door(project, tmp_path / "calls")


def file_of(door: Door, revision: str) -> Path:
    """Return the file of *revision*."""
    return next((door.project.root / "alembic" / "versions").glob(f"*_{revision}.py"))


def edited(path: Path, old: str, new: str) -> None:
    """Put *new* into *path* in place of *old*, as long as it is, and set its times back."""
    before = path.stat()
    text = path.read_text(encoding="utf-8")
    assert old in text
    assert len(old) == len(new)
    path.write_text(text.replace(old, new), encoding="utf-8")
    os.utime(path, ns=(before.st_atime_ns, before.st_mtime_ns))
    assert path.stat().st_mtime_ns == before.st_mtime_ns


def other_settings(door: Door) -> None:
    """Give a new file of settings to the project."""
    text = "[development.migrate]\nlock_timeout = 7\n\n[development]\nunknown_thing = 1\n"
    (door.project.root / "settings.local.toml").write_text(text, encoding="utf-8")


def other_plugin_file(door: Door) -> None:
    """Let a plugin's text say something else, in as many letters, at the same time."""
    edited(door.project.root / "plugins" / "mine.py", '"one"', '"two"')


def other_revision_file(door: Door) -> None:
    """Edit a revision that is applied."""
    edited(file_of(door, "sites"), "'sites'", "'sitez'")


def no_revision_file(door: Door) -> None:
    """Take the file of an applied revision away."""
    file_of(door, "workers").unlink()


def renamed_folder(door: Door) -> None:
    """Put another folder in place of that of the revisions, with a revision more."""
    versions = door.project.root / "alembic" / "versions"
    shutil.copytree(versions, versions.with_name("other"))
    versions.rename(versions.with_name("old"))
    versions.with_name("other").rename(versions)
    door.project.revision("later", TABLE.format("later"))


def other_env(door: Door) -> None:
    """Let env.py fail."""
    env = door.project.root / "alembic" / "env.py"
    env.write_text(env.read_text(encoding="utf-8") + "\nraise RuntimeError('other')\n")


def shadowing_folder(door: Door) -> None:
    """Put a package in the place of a plugin's module."""
    package = door.project.root / "plugins" / "mine"
    package.mkdir()
    (package / "__init__.py").write_text(PLAIN.replace('"one"', '"two"'), encoding="utf-8")


DAMAGES: list[Callable[[Door], None]] = [
    other_settings,
    other_plugin_file,
    other_revision_file,
    no_revision_file,
    renamed_folder,
    other_env,
    shadowing_folder,
]


@pytest.mark.parametrize("words", COMMANDS)
def test_kept_answer_is_the_true_one(door: Door, words: str) -> None:
    kept = door.warm(*words.split())

    assert kept.timeless == door.true(*words.split()).timeless
    assert kept.exit_code == 0


@pytest.mark.parametrize("damage", DAMAGES, ids=lambda each: each.__name__)
def test_file_that_is_otherwise_has_the_command_answer(
    door: Door, damage: Callable[[Door], None]
) -> None:
    door.warm("check", "--json")

    damage(door)

    told = door.call("check", "--json")
    assert not told.is_kept
    assert told.timeless == door.true("check", "--json").timeless


@pytest.mark.parametrize(
    "variables",
    [
        {"LOG_FORMAT": "json"},
        {"NO_COLOR": "1"},
        {"SST_COMMAND": "other"},
        {"ENV_FOR_DYNACONF": "production"},
        {"MIGRATE__LOCK_TIMEOUT": "7"},
        {"TZ": "Asia/Tokyo"},
        {"DATABASE_URL": "postgresql://nobody@127.0.0.1:1/none"},
    ],
    ids=lambda variables: next(iter(variables)),
)
def test_other_variable_is_another_call(door: Door, variables: dict[str, str]) -> None:
    door.warm("check")

    told = door.call("check", **variables)

    assert not told.is_kept
    assert told.timeless == door.true("check", **variables).timeless


def test_words_that_say_more_are_another_call(door: Door) -> None:
    door.warm("check")

    calls = [("check", "--json"), ("check", "-x", "a=b"), ("check", "--set", "log_level=DEBUG")]
    assert [door.call(*words).is_kept for words in calls] == [False, False, False]


@pytest.mark.parametrize("words", ["current", "check", "status", "history", "plan", "upgrade"])
def test_revision_that_is_added_is_told(door: Door, words: str) -> None:
    door.warm(words)

    door.project.revision("later", TABLE.format("later"))

    assert not door.call(words, "--json").is_kept
    told = door.call(words)
    assert not told.is_kept
    assert (told.exit_code != 0 or "later" in told.stdout + told.stderr) or words == "current"


def test_plan_of_something_is_made_each_time(door: Door) -> None:
    """It comes of rows and of statistics as well."""
    door.project.revision("later", TABLE.format("later"))

    told = [door.call("plan", "--no-rehearsal") for _ in range(5)]

    assert not any(each.is_kept for each in told)
    assert told[-1].doubt


def test_plan_back_is_made_each_time(door: Door) -> None:
    told = [door.call("plan", "base") for _ in range(5)]

    assert not any(each.is_kept for each in told)
