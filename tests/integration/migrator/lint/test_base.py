"""`lint --base` judges what is new as one deployment, behind the history that leads to it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.support.checkouts import commit_all, git

if TYPE_CHECKING:
    from tests.support.project import Outcome, Project

_RULES = """
    from sst.hooks import Finding, hookimpl

    @hookimpl
    def judge(statement):
        locks = [each.relation for each in statement.locks if each.blocks != "nothing"]
        if locks:
            yield Finding("stops", f"{statement.revision} stops {', '.join(locks)}")
        elif statement.unseen and "alter" in statement.sql:
            yield Finding("stops", f"{statement.revision} may stop something")
    """


@pytest.fixture
def judged(project: Project) -> Project:
    """Return a project with a rule, and a history of three revisions; a run has applied them."""
    project.plugin("rules", _RULES)
    project.enable("backup", "rules")
    project.revision("first", "op.execute('create table note (id integer)')")
    project.revision("second", "op.execute('alter table note add a integer')")
    project.revision("third", "op.execute('create table other (id integer)')")
    assert project.migrate("upgrade", "--no-plugin", "backup").exit_code == 0
    return project


@pytest.fixture
def committed(judged: Project) -> Project:
    """Return that project, committed on the branch `main`; what follows is on `work`."""
    (judged.root / ".gitignore").write_text("runs/\n")
    git(judged.root, "init", "--quiet", "--initial-branch", "main")
    commit_all(judged.root)
    git(judged.root, "checkout", "--quiet", "-b", "work")
    return judged


def found(lint: Outcome) -> list[tuple[str, str]]:
    """Return rule and words of the findings, in their order."""
    return [(each["rule"], each["what"]) for each in lint.json["findings"]]


def test_what_is_new_since_a_revision_is_one_deployment(judged: Project) -> None:
    """What the history made is there and counts, what the deployment makes is nobody's yet."""
    judged.revision("fourth", "op.execute('alter table other add a integer')")
    databases = "select count(*) from pg_database where datname like current_database() || '_%'"

    since_third = judged.migrate("lint", "--base", "third", "--json")
    since_second = judged.migrate("lint", "--base", "seco", "--json")

    assert found(since_third) == [("stops", "fourth stops public.other")]
    assert (since_third.exit_code, since_third.json["statements"]) == (3, 1)
    assert since_third.json["where"] == "in an empty database on the database's own server"
    assert (since_second.exit_code, found(since_second)) == (0, [])
    assert since_second.json["judged"] == 2
    assert judged.query(databases) == [(0,)]
    assert judged.current_revision() == "third"


def test_what_is_new_since_a_branch_is_what_its_tree_has_not(committed: Project) -> None:
    """The branch itself has gone on since, and the work is not all committed."""
    committed.revision("fourth", "op.execute('alter table note add b integer')")
    commit_all(committed.root)
    committed.revision("fifth", "op.execute('alter table note add c integer')")
    git(committed.root, "branch", "--force", "main", "HEAD~1")

    lint = committed.migrate("lint", "--base", "main", "--json")
    nothing = committed.migrate("lint", "--base", "work~0", "third")

    assert found(lint) == [
        ("stops", "fourth stops public.note"),
        ("stops", "fifth stops public.note"),
    ]
    assert lint.json["findings"][1]["file"] == "alembic/versions/20260004_fifth.py"
    assert nothing.stdout == "nothing to judge: no revision is new\n"


def test_old_revision_with_other_code_is_a_finding(committed: Project) -> None:
    """A comment changes nothing, and a file that was renamed is not new."""
    versions = committed.root / "alembic" / "versions"
    first, second, third = sorted(versions.glob("*.py"))
    first.write_text(first.read_text() + "# a remark\n")
    second.write_text(second.read_text().replace("add a integer", "add z integer"))
    third.rename(versions / "renamed.py")
    commit_all(committed.root)

    changed = committed.migrate("lint", "--base", "main", "--json")
    accepted = (
        second.read_text() + "\n# sst: accept changed-revision because it has not run\nX = 1\n"
    )
    second.write_text(accepted)
    taken = committed.migrate("lint", "--base", "main", "--json")
    first.unlink()
    second.write_text(
        second.read_text().replace("down_revision = 'first'", "down_revision = None")
    )
    gone = committed.migrate("lint", "--base", "main", "--json")

    assert [each["rule"] for each in changed.json["findings"]] == ["changed-revision"]
    assert changed.json["findings"][0]["file"].endswith("_second.py")
    assert changed.exit_code == 3
    assert (taken.exit_code, taken.json["findings"][0]["accepted"]["reason"]) == (
        0,
        "it has not run",
    )
    missing = gone.json["findings"][0]
    assert (missing["file"], missing["level"]) == (f"alembic/versions/{first.name}", "warning")


def test_files_are_named_from_the_top_of_the_checkout(judged: Project) -> None:
    """Annotations land there, wherever in it the project lies."""
    git(judged.root.parent, "init", "--quiet", "--initial-branch", "main")
    (judged.root.parent / ".gitignore").write_text("runs/\n")
    commit_all(judged.root.parent)
    judged.revision("fourth", "op.execute('alter table note add b integer')")

    lint = judged.migrate("lint", "--base", "main")

    assert lint.stdout.startswith("project/alembic/versions/20260003_fourth.py:17\terror\tstops\t")


@pytest.mark.parametrize(
    ("base", "words"),
    [
        ("nowhere", "is no revision, and git knows no commit of that name"),
        ("--upload-pack=touch", "is no revision, and git knows no commit of that name"),
        ("main", "git cannot say what is new since main"),
    ],
)
def test_base_that_says_nothing_is_refused(committed: Project, base: str, words: str) -> None:
    git(committed.root, "checkout", "--quiet", "--orphan", "alone")
    (committed.root / "remark").write_text("another beginning")
    commit_all(committed.root)

    lint = committed.migrate("lint", f"--base={base}")

    assert (lint.exit_code, lint.stdout) == (2, "")
    assert words in lint.stderr


@pytest.mark.parametrize(
    ("base", "variables", "words"),
    [
        (" ", {}, "--base has no value"),
        ("main", {"PATH": ""}, "git is not installed"),
        ("main", {"GIT_TEST_ASSUME_DIFFERENT_OWNER": "1"}, "safe.directory"),
    ],
)
def test_base_without_git_says_what_is_missing(
    committed: Project, base: str, variables: dict[str, str], words: str
) -> None:
    lint = committed.migrate("lint", "--base", base, **variables)

    assert (lint.exit_code, lint.stdout) == (2, "")
    assert words in lint.stderr
    assert "fetch" not in lint.stderr


def test_history_that_does_not_replay_is_judged_by_the_form_of_the_sql(judged: Project) -> None:
    judged.query("create table there_before (id integer)")
    judged.revision("fourth", "op.execute('alter table there_before add a integer')")
    judged.revision("fifth", "op.execute('alter table note add b integer')")

    lint = judged.migrate("lint", "--base", "fourth", "--json")

    assert found(lint)[1] == ("stops", "fifth may stop something")
    assert (lint.json["judged"], lint.json["by_form"], lint.json["statements"]) == (0, 1, 1)
    [left] = lint.json["not_judged"]
    assert left["why"].startswith(
        "1 statement was judged by the form of the SQL alone: the history does not replay on an "
        "empty database: revision fourth raised UndefinedTable"
    )
    assert "[alembic/versions/20260003_fourth.py:17]" in left["why"]


def test_nothing_that_answers_leaves_the_form_of_the_sql(judged: Project) -> None:
    """No server of the database, and none that a plugin starts."""
    judged.revision("fourth", "op.execute('alter table note add b integer')")
    judged.revision("fifth", "op.execute('set local lock_timeout = 0')")

    lint = judged.migrate("lint", "--json", DATABASE_URL="")
    broken = judged.migrate("lint", "--offline", "--base", "third")

    assert (lint.exit_code, lint.json["error"]["code"]) == (3, "lint")
    assert (lint.json["judged"], lint.json["by_form"]) == (0, 4)
    assert "`embedded_postgres` is not enabled" in lint.json["not_judged"][0]["why"]
    assert lint.json["where"] is None
    assert "fifth" not in [each["revision"] for each in lint.json["findings"]]
    assert (
        "judged 0 of 1 statement in 2 revisions, 1 by the form of the SQL alone" in broken.stdout
    )


def test_what_cannot_be_known_is_accepted_anywhere_in_the_file(judged: Project) -> None:
    """A revision that reads rows has no SQL to look at, and nothing of it was run."""
    judged.query("create table there_before (id integer)")
    judged.revision("fourth", "op.execute('alter table there_before add a integer')")
    reads = "op.get_bind().exec_driver_sql('select id from note').scalar_one()"
    judged.revision("fifth", reads)
    judged.revision("sixth", f"# sst: accept not-judged because it only reads\n{reads}")

    lint = judged.migrate("lint", "--base", "fourth", "--json")

    fifth, sixth = lint.json["findings"]
    assert (lint.exit_code, fifth["rule"], fifth["level"]) == (3, "not-judged", "error")
    assert "the revision is not known beyond 0 statements: needs the database" in fifth["what"]
    assert (fifth["accepted"], sixth["accepted"]["reason"]) == (None, "it only reads")
