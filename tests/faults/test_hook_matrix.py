"""Every hook that raises, hangs, exits or returns nonsense: how the run ends, and who is called.

A broken plugin with one hook stands between two that write down their calls.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import pytest

from sst.errors import ConfigError
from sst.hooks.contract.specs import MODES, Mode
from sst.web.application import create_app
from tests.support.broken_hooks import FAULTS, break_hook, calls, record

if TYPE_CHECKING:
    from collections.abc import Iterable

    from tests.support.project import Project

_BEGUN = "a.run_started b.run_started"
_STARTED = f"{_BEGUN} a.review_plan b.review_plan a.pre_migrate b.pre_migrate"
_ENTERED = "a.pre_revision b.pre_revision a.in_revision"
_APPLIED = f"{_ENTERED} b.in_revision a.revision_applied b.revision_applied"
_APPLIED += " a.post_revision b.post_revision b.leave a.leave"
_TOLD = "b.migrate_failed a.migrate_failed"
_RAN = f"{_STARTED} a.enter b.enter {_APPLIED}"
ALL = f"{_RAN} b.post_migrate a.post_migrate a.run_succeeded b.run_succeeded"
REFUSED = "a.run_refused b.run_refused"
FAILED = "a.run_failed b.run_failed"
UNHEALTHY = "a.run_unhealthy b.run_unhealthy"


@dataclass(frozen=True, kw_only=True)
class End:
    """How a command with a broken hook has to end."""

    exit_code: int
    says: str
    """Words of what is printed; of the broken plugin, where there is anything to say."""
    head: str | None = None
    outcome: str | None = None
    """What the ledger says of the run; None when the run is not on record."""
    text: str = ""
    """Words of the ledger's error."""
    fired: str = ""
    """The calls of the two others, in order."""


def _refused(hook: str, fired: str, says: str) -> End:
    return End(
        exit_code=5,
        says=says,
        outcome="refused",
        text=f"The plugin 'broken' refused the run in {hook}",
        fired=fired,
    )


def _unchanged(says: str) -> End:
    return End(exit_code=0, says=says, head="one", outcome="succeeded", fired=ALL)


def _backed_up(says: str) -> End:
    end = _unchanged(says)
    # Before the next gate.
    told = ALL.replace("b.pre_migrate", "a.post_backup b.post_backup b.pre_migrate")
    return replace(end, fired=told)


def _untouched(says: str) -> End:
    return End(exit_code=2, says=says)


def _failed_all_the_same(says: str) -> End:
    return End(
        exit_code=1,
        says=says,
        outcome="failed",
        text="Revision one failed.",
        fired=f"{_STARTED} a.enter b.enter {_ENTERED} b.in_revision {_TOLD} {FAILED}",
    )


_RAISED = "RuntimeError: on purpose"
_EXITED = "SystemExit: 3"
_GAVE_UP = "plugin broken, {}: no answer within 0.3 s"
_IN_REVIEW = f"{_BEGUN} a.review_plan {REFUSED}"
_IN_GATE = f"{_STARTED.removesuffix(' b.pre_migrate')} a.migrate_failed {REFUSED}"
_IN_AROUND = f"{_STARTED} a.enter {_TOLD} {REFUSED}"
_IN_STEP = f"{_STARTED} a.enter b.enter a.pre_revision {_TOLD} {REFUSED}"
_IN_TRANSACTION = f"{_STARTED} a.enter b.enter {_ENTERED} {_TOLD} {REFUSED}"
_AFTER = f"{_RAN} b.post_migrate {_TOLD} {UNHEALTHY}"


def _after(says: str) -> End:
    text = "is migrated, but the check of plugin 'broken' failed afterwards"
    return End(exit_code=4, says=says, head="one", outcome="unhealthy", text=text, fired=_AFTER)


MATRIX = {
    # A gate may take its time: it has no deadline.
    ("review_plan", "raises"): _refused("review_plan", _IN_REVIEW, _RAISED),
    ("review_plan", "exits"): _refused("review_plan", _IN_REVIEW, _EXITED),
    ("review_plan", "returns nonsense"): _unchanged("broken, review_plan: returned int"),
    ("pre_migrate", "raises"): _refused("pre_migrate", _IN_GATE, _RAISED),
    ("pre_migrate", "exits"): _refused("pre_migrate", _IN_GATE, _EXITED),
    ("pre_migrate", "returns nonsense"): _unchanged("broken, pre_migrate: returned int, which is"),
    ("around_migrate", "raises"): _refused("around_migrate", _IN_AROUND, _RAISED),
    ("around_migrate", "exits"): _refused("around_migrate", _IN_AROUND, _EXITED),
    ("around_migrate", "returns nonsense"): _refused(
        "around_migrate", _IN_AROUND, "returned int, not a context manager"
    ),
    ("pre_revision", "raises"): _refused("pre_revision", _IN_STEP, _RAISED),
    ("pre_revision", "exits"): _refused("pre_revision", _IN_STEP, _EXITED),
    ("pre_revision", "returns nonsense"): _unchanged("broken, pre_revision: returned int"),
    ("in_revision", "raises"): _refused("in_revision", _IN_TRANSACTION, _RAISED),
    ("in_revision", "exits"): _refused("in_revision", _IN_TRANSACTION, _EXITED),
    ("in_revision", "returns nonsense"): _unchanged("broken, in_revision: returned int"),
    ("post_backup", "raises"): _backed_up(f"broken, post_backup: raised {_RAISED}"),
    ("post_backup", "exits"): _backed_up(f"broken, post_backup: raised {_EXITED}"),
    ("post_backup", "hangs"): _backed_up(_GAVE_UP.format("post_backup")),
    ("post_backup", "returns nonsense"): _backed_up(""),
    ("post_migrate", "raises"): _after(_RAISED),
    ("post_migrate", "exits"): _after(_EXITED),
    ("post_migrate", "returns nonsense"): _unchanged("broken, post_migrate: returned int"),
    ("post_revision", "raises"): _unchanged(f"broken, post_revision: raised {_RAISED}"),
    ("post_revision", "exits"): _unchanged(f"broken, post_revision: raised {_EXITED}"),
    ("post_revision", "hangs"): _unchanged(_GAVE_UP.format("post_revision")),
    ("post_revision", "returns nonsense"): _unchanged(""),
    ("notify", "raises"): _unchanged(f"broken, notify: raised {_RAISED}"),
    ("notify", "exits"): _unchanged(f"broken, notify: raised {_EXITED}"),
    ("notify", "hangs"): _unchanged(_GAVE_UP.format("notify")),
    ("notify", "returns nonsense"): _unchanged(""),
    ("migrate_failed", "raises"): _failed_all_the_same(f"migrate_failed: raised {_RAISED}"),
    ("migrate_failed", "exits"): _failed_all_the_same(f"migrate_failed: raised {_EXITED}"),
    ("migrate_failed", "hangs"): _failed_all_the_same(_GAVE_UP.format("migrate_failed")),
    ("migrate_failed", "returns nonsense"): _failed_all_the_same("DivisionByZero"),
    # Half the settings, or half the history, is worse than none.
    ("config_values", "raises"): _untouched("config_values raised RuntimeError"),
    ("config_values", "exits"): _untouched("config_values raised SystemExit"),
    ("config_values", "hangs"): _untouched("config_values gave no answer within 0.3 s"),
    ("config_values", "returns nonsense"): _untouched("config_values raised TypeError"),
    ("resolve_database_url", "raises"): _untouched(_RAISED),
    ("resolve_database_url", "exits"): _untouched(_EXITED),
    ("resolve_database_url", "returns nonsense"): _untouched("TypeError: returned int, not str"),
    ("register_migrations", "raises"): _untouched("register_migrations raised RuntimeError"),
    ("register_migrations", "exits"): _untouched("register_migrations raised SystemExit"),
    ("register_migrations", "hangs"): _untouched("register_migrations gave no answer within"),
    ("register_migrations", "returns nonsense"): _untouched("register_migrations raised TypeErr"),
    ("register_checks", "raises"): _unchanged(f"register_checks: raised {_RAISED}"),
    ("register_checks", "exits"): _unchanged(f"register_checks: raised {_EXITED}"),
    ("register_checks", "hangs"): _unchanged(_GAVE_UP.format("register_checks")),
    ("register_checks", "returns nonsense"): _unchanged("register_checks: returned int, not Che"),
}
RESTORES = {
    "raises": _RAISED,
    "exits": _EXITED,
    "returns nonsense": "TypeError: returned int, not Restored",
}
COPIES = {
    "raises": _RAISED,
    "exits": _EXITED,
    "returns nonsense": "TypeError: returned int, not AbstractContextManager",
}
COMMANDS = {
    "raises": (0, "b\n", f"register_commands: raised {_RAISED}"),
    "exits": (0, "b\n", f"register_commands: raised {_EXITED}"),
    "hangs": (0, "b\n", _GAVE_UP.format("register_commands")),
    "returns nonsense": (2, "", "plugin broken: register_commands returned 42, not a click comma"),
}
ENGINES = {
    "raises": f"register_engines: raised {_RAISED}",
    "exits": f"register_engines: raised {_EXITED}",
    "hangs": _GAVE_UP.format("register_engines"),
    "returns nonsense": "register_engines: returned int, not NamedEngine; it is left out",
}
TARGETS = {
    "raises": "list_targets raised RuntimeError",
    "exits": "list_targets raised SystemExit",
    "hangs": "list_targets gave no answer within 0.3 s",
    "returns nonsense": "list_targets raised TypeError",
}
MIDDLEWARE = {
    "raises": "register_middleware raised RuntimeError",
    "exits": "register_middleware raised SystemExit",
    "hangs": "register_middleware gave no answer within 0.3 s",
    "returns nonsense": "register_middleware raised TypeError",
}
JUDGES = {
    "raises": f"raised {_RAISED}",
    "exits": f"raised {_EXITED}",
    "hangs": "no answer within 0.3 s",
    "returns nonsense": "returned int, not Finding",
}
ROUTERS = {
    "raises": f"register_routers: raised {_RAISED}",
    "exits": f"register_routers: raised {_EXITED}",
    "hangs": _GAVE_UP.format("register_routers"),
}


def test_matrix_is_complete() -> None:
    """Every hook times every fault; where a hook has no deadline it may hang."""
    tables: dict[str, Iterable[str]] = {
        "restore_backup": RESTORES,
        "copy_schema": COPIES,
        "judge": JUDGES,
        "list_targets": TARGETS,
        "register_commands": COMMANDS,
        "register_engines": ENGINES,
        "register_middleware": MIDDLEWARE,
        "register_routers": {**ROUTERS, "returns nonsense": ""},
    }
    told = {*MATRIX, *((hook, fault) for hook, faults in tables.items() for fault in faults)}
    patient = {Mode.GATE, Mode.AROUND, Mode.FIRST}

    wanted = {(hook, fault) for hook in MODES for fault in FAULTS}

    assert wanted - told == {(hook, "hangs") for hook, mode in MODES.items() if mode in patient}
    assert told <= wanted


@pytest.mark.parametrize("cell", MATRIX, ids=" ".join)
def test_run_with_a_broken_hook(project: Project, cell: tuple[str, str]) -> None:
    hook, fault = cell
    expected = MATRIX[cell]
    body = "op.execute('select 1/0')" if hook == "migrate_failed" else "op.execute('select 1')"
    project.revision("one", body)
    break_hook(project, hook, fault)

    end = project.migrate("upgrade")

    assert end.exit_code == expected.exit_code, end.output
    assert expected.says in end.output
    assert "broken" in end.output or not expected.says or hook == "migrate_failed"
    assert "Traceback" not in end.output
    assert project.current_revision() == expected.head
    assert calls(project) == expected.fired.split()
    outcome, text = record(project)
    assert (outcome, expected.text in text) == (expected.outcome, True), text


@pytest.mark.parametrize("fault", RESTORES)
def test_run_whose_restore_is_broken_stays_as_it_failed(project: Project, fault: str) -> None:
    project.revision("one", "op.execute('select 1')")
    project.revision("two", "op.execute('select 1/0')")
    project.settings["migrate.on_failure"] = "restore"
    break_hook(project, "restore_backup", fault)

    end = project.migrate("upgrade")

    assert (end.exit_code, project.current_revision()) == (1, "one"), end.output
    assert f"restoring the backup b-1 FAILED too (broken: {RESTORES[fault]})" in end.output
    assert "Traceback" not in end.output
    fired = " ".join(calls(project))
    assert fired.endswith(f"{_TOLD} {FAILED} a.restore_backup"), fired
    assert project.query("select command, outcome from migrator.run order by started_at") == [
        ("upgrade", "failed"),
        ("restore", "failed"),
    ]
    assert RESTORES[fault] in record(project)[1]


@pytest.mark.parametrize("fault", COPIES)
def test_plan_whose_copy_is_broken_says_so(project: Project, fault: str) -> None:
    project.revision("one", "op.execute('select 1')")
    break_hook(project, "copy_schema", fault)

    end = project.migrate("plan")

    assert (end.exit_code, end.stdout) == (0, "one\tpending\tone\n"), end.output
    assert f"not rehearsed: {COPIES[fault]}" in end.output
    assert "Traceback" not in end.output


@pytest.mark.parametrize("fault", JUDGES)
def test_plan_whose_rules_are_broken_is_shown_without_them(project: Project, fault: str) -> None:
    project.revision("one", "op.execute('create table one (id int)')")
    break_hook(project, "judge", fault, "backup")

    end = project.migrate("plan")

    assert end.exit_code == 0, end.output
    assert f"plugin broken, judge: {JUDGES[fault]}" in end.output
    assert "create table one" in end.stdout
    assert "Traceback" not in end.output


@pytest.mark.parametrize("fault", COMMANDS)
def test_command_of_another_beside_a_broken_one(project: Project, fault: str) -> None:
    break_hook(project, "register_commands", fault)

    end = project.migrate("say-b")

    exit_code, stdout, says = COMMANDS[fault]
    assert (end.exit_code, end.stdout) == (exit_code, stdout)
    assert says in end.stderr
    assert "Traceback" not in end.stderr


@pytest.mark.parametrize("fault", TARGETS)
def test_half_a_list_of_targets_is_none(project: Project, fault: str) -> None:
    break_hook(project, "list_targets", fault)

    end = project.migrate("targets", "list")

    assert (end.exit_code, end.stdout) == (2, "")
    assert TARGETS[fault] in end.stderr
    assert "Traceback" not in end.stderr


@pytest.mark.parametrize("fault", ENGINES)
def test_engine_of_a_broken_plugin_is_none_that_there_is(project: Project, fault: str) -> None:
    break_hook(project, "register_engines", fault)
    list_one = {"name": "shop", "url": project.database_url}
    project.settings["migrate.targets.list"] = [list_one]

    end = project.migrate("upgrade", "--all", "--engine", "broken")

    assert (end.exit_code, end.stdout) == (2, "")
    assert ENGINES[fault] in end.stderr
    assert "there are: processes" in end.stderr
    assert "Traceback" not in end.stderr


@pytest.mark.parametrize("fault", MIDDLEWARE)
def test_application_without_what_guards_it_does_not_start(
    project: Project, fault: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DATABASE_URL", project.database_url)
    break_hook(project, "register_middleware", fault)

    with pytest.raises(ConfigError) as caught:
        create_app(root=project.root)

    assert f"plugin broken: {MIDDLEWARE[fault]}" in str(caught.value)


@pytest.mark.parametrize("fault", ROUTERS)
def test_routers_of_the_others_remain(
    project: Project,
    fault: str,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    monkeypatch.setenv("DATABASE_URL", project.database_url)
    break_hook(project, "register_routers", fault)

    paths = set(create_app(root=project.root).openapi()["paths"])

    assert {"/plugins/a/here", "/plugins/b/here"} <= paths
    assert ROUTERS[fault] in caplog.text


def test_router_that_is_none_keeps_the_application_from_starting(
    project: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DATABASE_URL", project.database_url)
    break_hook(project, "register_routers", "returns nonsense")

    with pytest.raises(ConfigError, match="1 problem"):
        create_app(root=project.root)
