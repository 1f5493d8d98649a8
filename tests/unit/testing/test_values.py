"""The kit has a builder for every value of the contract and a stand-in for every protocol."""

from __future__ import annotations

from dataclasses import fields, is_dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

import sst.hooks
from sst import testing
from sst.hooks import (
    CommandContext,
    Engine,
    EventKind,
    Inspection,
    LockedWork,
    Problem,
    Token,
    Veto,
)
from sst.testing import (
    FakeCommandContext,
    FakeDatabase,
    FakeEngine,
    FakeInspection,
    FakeLockedWork,
)

if TYPE_CHECKING:
    from collections.abc import Callable

BUILDERS: tuple[Callable[..., object], ...] = (
    testing.a_backup,
    testing.a_change,
    testing.a_check,
    testing.a_check_result,
    testing.a_command_result,
    testing.a_failure,
    testing.a_finding,
    testing.a_fleet_call,
    testing.a_job,
    testing.a_lock,
    testing.a_named_engine,
    testing.a_restore,
    testing.a_target,
    testing.a_revision,
    testing.a_run,
    testing.a_statement,
    testing.an_acceptance,
    testing.an_answer,
    testing.an_application,
    testing.an_event,
    testing.some_seconds,
    testing.some_work,
    lambda **over: testing.some_migrations(Path("versions"), **over),
)
FAKES = {
    "CommandContext": FakeCommandContext(),
    "Engine": FakeEngine(),
    "Inspection": FakeInspection(),
    "LockedWork": FakeLockedWork(),
}


def values() -> set[type]:
    """Return the dataclasses that cross the border, but for two.

    A `Problem` is made by its caller, a `Token` by `sql_statements`.
    """
    public = (getattr(sst.hooks, name) for name in sst.hooks.__all__)
    return {each for each in public if is_dataclass(each) and isinstance(each, type)} - {
        Problem,
        Token,
    }


def test_every_value_has_a_builder() -> None:
    assert {type(build()) for build in BUILDERS} == values()


@pytest.mark.parametrize("build", BUILDERS)
def test_every_field_can_be_given(build: Callable[..., Any]) -> None:
    value = build()
    given = {field.name: object() for field in fields(value)}
    if type(value).__name__ == "Migrations":
        del given["path"]

    built = build(**given)

    assert {name: getattr(built, name) for name in given} == given


def test_unknown_field_is_an_error() -> None:
    with pytest.raises(TypeError, match="colour"):
        testing.a_run(colour="red")


def test_first_argument_may_be_given_by_place() -> None:
    assert testing.an_event(EventKind.RUN_FAILED).kind is EventKind.RUN_FAILED
    assert testing.a_revision("b2").id == "b2"


def test_every_protocol_has_a_stand_in_with_all_its_members() -> None:
    public = {name: getattr(sst.hooks, name) for name in sst.hooks.__all__}
    protocols = {name: each for name, each in public.items() if getattr(each, "_is_protocol", 0)}

    missing = {
        f"{name}.{member}"
        for name, protocol in protocols.items()
        for member in vars(protocol)
        if not member.startswith("_")
        if not hasattr(FAKES[name], member)
    }

    assert missing == set()


def test_stand_ins_are_what_the_contract_wants() -> None:
    """For the type checker: this page is checked strictly."""
    inspection: Inspection = FakeInspection()
    context: CommandContext = FakeCommandContext()
    work: LockedWork = FakeLockedWork()
    engine: Engine = FakeEngine()

    assert all((inspection, context, work, engine))


def test_inspection_answers_by_the_words_of_the_query() -> None:
    inspection = FakeInspection({"from site": [(3,)]})

    with inspection as opened:
        found = opened.fetch("SELECT count(*)\n  FROM   site WHERE id = :id", id=1)
        other = opened.fetch("SELECT 1")

    assert (found, other) == ([(3,)], [])
    assert len(inspection.asked) == 2
    assert inspection.is_closed


def test_command_context_remembers_what_was_asked_of_it() -> None:
    context = FakeCommandContext()

    context.confirm("restore x", None, ["made 3 days ago"])
    with context.locked("restore", "x") as work, work.aside():
        work.restored("done", heads=("a1",), backup=None)

    assert context.steps == ["confirm: restore x", "locked: restore x"]
    assert context.loss == ["made 3 days ago"]
    assert context.work.steps == ["aside", "restored: done", "back"]


def test_command_works_on_what_its_context_lists() -> None:
    context = FakeCommandContext(listed=[testing.a_target("shop")])

    with context.local_engine(2) as engine:
        for target in context.targets():
            engine.begin(testing.a_job(target=target))
        [answer] = engine.answers(0.1)

    assert (answer.job.target.name, answer.exit_code, engine.free) == ("shop", 0, 2)
    assert context.engine.steps == ["close"]
    assert list(engine.answers(0.1)) == []


def test_command_that_is_not_confirmed_is_refused() -> None:
    context = FakeCommandContext(confirmed=False)

    with pytest.raises(Veto, match="was not confirmed"):
        context.confirm("restore x", "another")
    context.confirm("restore x", "app")


def test_fake_database_answers_by_words_and_remembers() -> None:
    database = FakeDatabase({"from job": [(2,)]}, changed=3)
    run = testing.a_run(fetch=database.fetch, execute=database.execute)

    rows = run.fetch("select count(*) FROM  job where state = :sql", sql="x")
    count = run.execute("delete from job")

    assert (rows, count) == ([(2,)], 3)
    assert database.asked == [("select count(*) FROM  job where state = :sql", {"sql": "x"})]
    assert database.executed == [("delete from job", {})]


def test_run_that_was_made_without_a_database_says_so() -> None:
    with pytest.raises(LookupError, match=r"made without fetch: give it one, as fetch=\.\.\."):
        testing.a_run().fetch("select 1")


def test_notes_of_a_built_run_can_be_looked_at() -> None:
    notes: dict[str, Any] = {}

    testing.a_run(note=notes.__setitem__).note("a", 1)

    assert notes == {"a": 1}
