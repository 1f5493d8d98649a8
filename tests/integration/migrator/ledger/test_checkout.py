"""A run's record says which commit its code is, and whether there was more than the commit."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

import pytest

from sst.migrator.ledger import checkout
from sst.migrator.ledger.checkout import git_commit, is_dirty
from tests.support.checkouts import commit_all, git

if TYPE_CHECKING:
    from pathlib import Path

    from tests.support.project import Project

WITH_CHANGES = "with uncommitted changes"


@pytest.fixture
def committed(project: Project) -> Project:
    """Return a project with one revision, in a checkout without changes."""
    project.revision("one", "op.create_table('one', sa.Column('id', sa.Integer))")
    (project.root / ".gitignore").write_text("runs/\n")
    git(project.root, "init", "--quiet")
    commit_all(project.root)
    return project


def test_run_of_a_clean_checkout_is_not_dirty(committed: Project) -> None:
    committed.migrate("upgrade")

    run = committed.last_run()
    shown = committed.migrate("runs", "show", run["id"])
    as_json = committed.migrate("runs", "show", run["id"], "--json").json["run"]

    head = git(committed.root, "rev-parse", "HEAD")
    assert (run["git_commit"], run["git_dirty"]) == (head, False)
    assert as_json["git_dirty"] is False
    assert f"commit {head}" in shown.stdout
    assert WITH_CHANGES not in shown.stdout


def test_changed_file_makes_the_run_dirty(committed: Project) -> None:
    [file] = (committed.root / "alembic" / "versions").glob("*_one.py")
    file.write_text(file.read_text() + "# a late idea\n")
    committed.migrate("upgrade")

    run = committed.last_run()
    shown = committed.migrate("runs", "show", run["id"])
    as_json = committed.migrate("runs", "show", run["id"], "--json").json["run"]

    assert run["git_dirty"] is True
    assert as_json["git_dirty"] is True
    assert f"commit {run['git_commit']}, {WITH_CHANGES}" in shown.stdout


def test_revision_that_git_does_not_know_makes_the_run_dirty(committed: Project) -> None:
    committed.revision("two", "op.create_table('two', sa.Column('id', sa.Integer))")
    committed.migrate("upgrade")

    assert committed.last_run()["git_dirty"] is True


def test_note_that_git_does_not_know_makes_no_run_dirty(committed: Project) -> None:
    """A backup in the project's folder is no code."""
    (committed.root / "notes.txt").write_text("to do")
    committed.migrate("upgrade")

    assert committed.last_run()["git_dirty"] is False


def test_commit_that_a_setting_names_says_nothing_of_the_files(committed: Project) -> None:
    (committed.root / "settings.toml").touch()
    committed.migrate("upgrade", GIT_COMMIT="abc1234")

    run = committed.last_run()

    assert (run["git_commit"], run["git_dirty"]) == ("abc1234", None)


def test_project_without_git_says_nothing_of_the_files(project: Project) -> None:
    project.revision("one")
    project.migrate("upgrade", GIT_CEILING_DIRECTORIES=str(project.root.parent))

    run = project.last_run()

    assert (run["git_commit"], run["git_dirty"]) == ("", None)


def test_older_record_gets_the_column_and_keeps_its_rows(committed: Project) -> None:
    committed.migrate("upgrade")
    committed.query("alter table migrator.run drop column git_dirty")
    committed.query("comment on schema migrator is 'ledger version 1'")
    before = committed.migrate("runs", "list", "--json").json["runs"]
    committed.revision("two")

    committed.migrate("upgrade")

    after = committed.migrate("runs", "list", "--json").json["runs"]
    assert [run["git_dirty"] for run in before] == [None]
    assert [run["git_dirty"] for run in after] == [True, None]


def test_looking_takes_no_lock_and_leaves_the_index_alone(committed: Project) -> None:
    """Somebody may be committing there."""
    [file] = (committed.root / "alembic" / "versions").glob("*_one.py")
    os.utime(file, (1, 1))
    index = committed.root / ".git" / "index"
    before = index.read_bytes(), index.stat().st_mtime_ns

    assert is_dirty(committed.root, [file.parent]) is False

    assert (index.read_bytes(), index.stat().st_mtime_ns) == before


def test_git_that_is_held_up_keeps_no_run_waiting(
    committed: Project, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    slow = tmp_path / "bin" / "git"
    slow.parent.mkdir()
    slow.write_text("#!/bin/sh\nexec sleep 600\n")
    slow.chmod(0o755)
    monkeypatch.setenv("PATH", str(slow.parent), prepend=os.pathsep)
    monkeypatch.setattr(checkout, "_TIMEOUT_SECONDS", 0.1)

    assert git_commit(committed.root) == ""
    assert is_dirty(committed.root, []) is None


def test_hook_of_another_checkout_does_not_lead_astray(
    committed: Project, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A deploy that a git hook starts has the variables of that repository."""
    head = git(committed.root, "rev-parse", "HEAD")
    other = tmp_path / "other"
    other.mkdir()
    git(other, "init", "--quiet")
    (other / "file").write_text("another")
    commit_all(other)
    monkeypatch.setenv("GIT_DIR", str(other / ".git"))
    monkeypatch.setenv("GIT_WORK_TREE", str(other))

    assert (git_commit(committed.root), is_dirty(committed.root, [])) == (head, False)
