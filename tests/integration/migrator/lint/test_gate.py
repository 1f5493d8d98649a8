"""A run whose plan is judged: what stands against it is a warning, or refuses the run."""

from __future__ import annotations

import signal
from typing import TYPE_CHECKING

import pytest

from tests.support.backups import becomes_true

if TYPE_CHECKING:
    from tests.support.project import Outcome, Project

_RULE = """
    from sst.hooks import Finding, hookimpl

    @hookimpl
    def judge(statement):
        if any(lock.blocks == "reads and writes" for lock in statement.locks):
            return [Finding("stays-open", "it blocks the notes", "announce a window")]
"""
_BREAKS = """
    from sst.hooks import hookimpl

    @hookimpl
    def judge(statement):
        raise RuntimeError("this rule is broken")
"""
_LOCKS = "op.execute('alter table note add x integer')"
_HARMLESS = "op.execute('create table other (id integer)')"
_READS = (
    "op.execute(f\"select {op.get_bind().exec_driver_sql('select id from note').scalar_one()}\")"
)
_ASLEEP = (
    "select datname from pg_stat_activity where query = 'select pg_sleep(600)'"
    " and datname like current_database() || '_plan_%'"
)
_COPIES = "select datname from pg_database where datname like current_database() || '_plan_%'"
_PLACE = "alembic/versions/20260001_two.py:17"


@pytest.fixture
def judging(project: Project) -> Project:
    """Return a project with a rule, a way to rehearse, and a table with a row."""
    project.plugin("rules", _RULE)
    project.enable("backup", "rules")
    project.revision("one", "op.execute('create table note (id integer)')")
    assert project.migrate("upgrade", "--no-plugin", "backup").exit_code == 0
    project.query("insert into note values (1)")
    return project


def _upgrade(project: Project, mode: str | None, *words: str) -> Outcome:
    given = ["--set", f"migrate.lint={mode}"] if mode else []
    return project.migrate("upgrade", *given, *words, "--json")


def test_error_of_a_rule_refuses_before_anything_is_prepared(judging: Project) -> None:
    """No backup is made, and the record says why."""
    judging.revision("two", _LOCKS)

    run = _upgrade(judging, "refuse")

    assert (run.exit_code, run.json["error"]["code"]) == (5, "lint_refused"), run.output
    assert f"stays-open: it blocks the notes [{_PLACE}]" in run.json["error"]["message"]
    assert "plan head -v" in run.json["error"]["hint"]
    assert "# sst: accept RULE because REASON" in run.json["error"]["hint"]
    assert {"review_plan", "pre_migrate"}.isdisjoint(call.hook for call in run.calls)
    assert (run.json["backup"], judging.current_revision()) == (None, "one")
    assert judging.last_run()["outcome"] == "refused"


def test_error_of_a_rule_is_a_warning_where_nothing_is_protected(judging: Project) -> None:
    """The result, the log and the record have it."""
    judging.revision("two", _LOCKS)

    run = _upgrade(judging, None)

    line = f"lint: stays-open: it blocks the notes [{_PLACE}]"
    assert (run.exit_code, run.json["warnings"]) == (0, [line])
    assert line in run.stderr
    assert judging.current_revision() == "two"
    assert line in judging.migrate("runs", "show", "latest").stdout


@pytest.mark.parametrize(
    ("mode", "protected", "words"),
    [
        ("off", "false", ()),
        (None, "true", ()),
        ("warn", "false", ("--set", "migrate.rehearse=off")),
    ],
)
def test_nothing_is_rehearsed_where_the_gate_is_off(
    judging: Project, mode: str | None, protected: str, words: tuple[str, ...]
) -> None:
    """It is off where live data is, until somebody asks for it."""
    judging.revision("two", _LOCKS)
    settings = judging.root / "settings.toml"
    text = settings.read_text().replace("protected = false", f"protected = {protected}")
    settings.write_text(text)

    run = _upgrade(judging, mode, "--no-plugin", "backup", *words)

    assert (run.exit_code, run.json["warnings"]) == (0, []), run.output
    assert "judge" not in {call.hook for call in run.calls}


def test_plan_without_errors_passes(judging: Project) -> None:
    judging.revision("two", _HARMLESS)

    run = _upgrade(judging, "refuse")

    assert (run.exit_code, run.json["warnings"]) == (0, []), run.output
    assert "judge" in {call.hook for call in run.calls}


@pytest.mark.parametrize("code", ["pass", "op.execute('select 1')"])
def test_plan_without_statements_passes(judging: Project, code: str) -> None:
    """Such as a revision that only merges branches."""
    judging.revision("two", code)

    result = _upgrade(judging, "refuse")

    assert (result.exit_code, result.json["warnings"]) == (0, []), result.stdout


def test_way_back_is_judged_too(judging: Project) -> None:
    judging.revision("two", _HARMLESS, downgrade=_LOCKS)
    assert _upgrade(judging, "off", "--no-plugin", "backup").exit_code == 0

    run = judging.migrate("downgrade", "-1", "--set", "migrate.lint=refuse")

    assert (run.exit_code, "plan -- -1 -v" in run.stderr) == (5, True), run.output
    assert judging.current_revision() == "two"


def test_empty_database_is_not_judged(project: Project) -> None:
    """Nobody is there who could wait."""
    project.plugin("rules", _RULE)
    project.enable("backup", "rules")
    project.revision("one", _HARMLESS)

    run = _upgrade(project, "refuse", "--no-plugin", "backup")

    assert run.exit_code == 0, run.output
    assert "judge" not in {call.hook for call in run.calls}


@pytest.mark.parametrize(("mode", "code"), [("refuse", 5), ("warn", 0)])
def test_plan_that_cannot_be_judged_is_not_taken_for_a_good_one(
    judging: Project, mode: str, code: int
) -> None:
    """The revision reads a row that the copy has not; a run that only warns goes on."""
    judging.revision("two", _READS)

    run = _upgrade(judging, mode)

    said = run.json["warnings"] if mode == "warn" else [run.json["error"]["message"]]
    assert run.exit_code == code, run.output
    assert len(said) == 1
    assert "not-judged: the revision was not judged to its end: revision two raised" in said[0]
    assert said[0].count("_two.py:") == 1
    assert judging.current_revision() == ("two" if mode == "warn" else "one")


@pytest.mark.parametrize(("mode", "code"), [("refuse", 5), ("warn", 0)])
def test_broken_rule_passes_nothing_where_errors_refuse(
    judging: Project, mode: str, code: int
) -> None:
    judging.plugin("rules", _BREAKS)
    judging.revision("two", _LOCKS)

    run = _upgrade(judging, mode)

    assert run.exit_code == code, run.output
    assert "rule-failed: a rule has failed: " in run.output


@pytest.mark.parametrize("stops", [True, False], ids=["stops", "no copy"])
def test_revision_says_that_it_may_run_unjudged(judging: Project, *, stops: bool) -> None:
    """Also where there is no copy to judge it on; without a reason it counts for nothing."""
    first = _READS if stops else _LOCKS
    judging.revision("two", f"{first}  # sst: accept not-judged because we have read it")
    without = () if stops else ("--set", "migrate.rehearse=off")

    run = _upgrade(judging, "refuse", *without)

    assert (run.exit_code, judging.current_revision()) == (0, "two"), run.output


def test_rows_in_the_way_refuse_before_they_fail_the_revision(judging: Project) -> None:
    """No rule has anything against it, and it would have failed on the real rows."""
    judging.query("insert into note values (1), (null)")
    judging.revision("two", "op.alter_column('note', 'id', nullable=False)")
    judging.plugin("rules", _RULE.replace('"reads and writes"', '"everything"'))

    run = _upgrade(judging, "refuse")

    message = run.json["error"]["message"]
    assert (run.exit_code, run.json["error"]["code"]) == (5, "lint_refused"), run.output
    assert f"rows-in-the-way: would fail: 1 row of note has no value in id [{_PLACE}]" in message
    assert "correct the rows first" in run.json["error"]["hint"]


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_signal_during_the_rehearsal_touches_nothing(
    judging: Project, number: signal.Signals
) -> None:
    judging.revision("two", "op.execute('select pg_sleep(600)')")

    running = judging.start("upgrade", "--set", "migrate.lint=refuse")
    assert becomes_true(lambda: judging.query(_ASLEEP) != [], 60), running.printed()
    running.signal(number)
    run = running.finish()

    assert run.exit_code == 128 + number, run.output
    assert "nothing was touched" in run.stderr
    assert judging.last_run()["outcome"] == "interrupted"
    assert (judging.current_revision(), judging.query(_COPIES)) == ("one", [])
