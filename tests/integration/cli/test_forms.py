"""`--format`: one mechanism for every command; a document is whole whatever became of the call."""

from __future__ import annotations

import json
from importlib import import_module
from typing import TYPE_CHECKING, Any, NamedTuple

import pytest

from sst.cli.call.command import Command
from sst.cli.main import COMMANDS
from tests.integration.cli.test_command_line import modules_after
from tests.support.junit import read_junit

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from tests.support.project import Project

NOBODY = "postgresql://app:hidden-canary@127.0.0.1:9/nobody"


class Fault(NamedTuple):
    """What ends a call before it has a result."""

    said: str
    exit_code: int
    words: tuple[str, ...] = ()
    variables: Mapping[str, str] = {}


FAULTS = (
    Fault("nowhere", 2, variables={"ENVIRONMENT": "nowhere"}),
    Fault("No such option", 2, words=("--bogus",)),
    Fault("127.0.0.1", 75, variables={"DATABASE_URL": NOBODY}),
)


def _read_sarif(text: str) -> str:
    [run] = json.loads(text)["runs"]
    [invocation] = run["invocations"]
    assert invocation["executionSuccessful"] is False
    [note] = invocation["toolExecutionNotifications"]
    return str(note["message"]["text"])


def _read_gitlab(text: str) -> str:
    [issue] = json.loads(text)
    assert (issue["severity"], issue["location"]["path"]) == ("blocker", "settings.toml")
    return str(issue["description"])


def _read_github(text: str) -> str:
    first, *rest = text.splitlines()
    command, _, told = first.removeprefix("::").partition("::")
    assert command.startswith("error title=")
    assert all(line.startswith("::notice title=") for line in rest)
    return told.replace("%0A", "\n").replace("%25", "%")


def _read_markdown(text: str) -> str:
    mark, title, *rest = text.splitlines()
    assert (mark, title) == ("<!-- sst-plan -->", "## Migration plan")
    return "\n".join(rest).replace("\\", "")


def _read_prometheus(text: str) -> None:
    assert text.splitlines()[-1] == "sst_database_readable 0"


def _read_junit(text: str) -> str:
    suites = read_junit(text)
    [case] = suites.iter("testcase")
    assert (suites.get("tests"), suites.get("errors")) == ("1", "1")
    return str(case.findtext("error"))


READERS: dict[str, Callable[[str], str | None]] = {
    "sarif": _read_sarif,
    "gitlab": _read_gitlab,
    "github": _read_github,
    "junit": _read_junit,
    "markdown": _read_markdown,
    "prometheus": _read_prometheus,
}
"""What a failed call says in each form, which is asserted to be whole; metrics have no words."""


def _declared() -> list[tuple[str, str, str]]:
    commands: dict[str, Any] = {
        name: import_module(f"sst.cli.{name}").command for name in COMMANDS
    }
    return [
        (name, form, place)
        for name, command in commands.items()
        if isinstance(command, Command)
        for form, place in (command.presentation.forms or {}).items()
    ]


ARGUMENTS = {"downgrade": ("-1",)}
"""What a command wants beside its form."""
DECLARED = _declared()
each_form = pytest.mark.parametrize(
    ("command", "form"), [(command, form) for command, form, _ in DECLARED]
)


@pytest.mark.parametrize(("command", "form", "place"), DECLARED)
def test_place_of_a_form_is_a_function(command: str, form: str, place: str) -> None:
    module, _, name = place.partition(":")

    assert callable(getattr(import_module(module), name)), (command, form)


def test_help_imports_no_form() -> None:
    commands = {command for command, _, _ in DECLARED}

    loaded = {name for command in commands for name in modules_after(command, "--help")}

    places = ("findings", "junit", "pipelines", "plan.")
    rooms = tuple(f"sst.cli.result.{place}" for place in places)
    assert "sst.cli.lint" in loaded
    assert [name for name in loaded if name.startswith(rooms)] == []


@each_form
@pytest.mark.parametrize("fault", FAULTS, ids=lambda fault: fault.said)
def test_failed_call_is_a_whole_document_and_three_lines(
    project: Project,
    command: str,
    form: str,
    fault: Fault,
) -> None:
    words = (*ARGUMENTS.get(command, ()), "--format", form, *fault.words)
    failed = project.migrate(command, *words, **fault.variables)

    assert failed.exit_code == fault.exit_code, failed.output
    told = READERS[form](failed.stdout)
    assert told is None or fault.said in told
    assert fault.said in failed.stderr
    assert "  next: " in failed.stderr
    assert "hidden-canary" not in failed.output


@each_form
def test_json_and_another_form_are_refused_in_json(
    project: Project, command: str, form: str
) -> None:
    words = (*ARGUMENTS.get(command, ()), f"--format={form}")
    refused = project.migrate("--json", command, *words)

    assert (refused.exit_code, refused.json["error"]["code"]) == (2, "usage")
    assert f"--json and --format {form}" in refused.json["error"]["message"]


@pytest.mark.parametrize("words", [("--bogus",), ()], ids=["usage", "settings"])
def test_json_is_a_form_of_a_failed_call_too(project: Project, words: tuple[str, ...]) -> None:
    failed = project.migrate("lint", "--format", "json", *words, ENVIRONMENT="nowhere")

    assert (failed.exit_code, failed.json["ok"], failed.json["command"]) == (2, False, "lint")


def test_commands_are_typed_in_a_document_as_in_a_text(project: Project) -> None:
    """What the operator types may hold what the document quotes."""
    failed = project.migrate(
        "lint", "--format", "gitlab", DATABASE_URL=NOBODY, SST_COMMAND='run "db" <one>'
    )

    assert 'run "db" <one> lint --offline' in _read_gitlab(failed.stdout)


@pytest.mark.parametrize("words", [("--nothing",), ("nowhere-to-go", "more")])
def test_command_without_forms_takes_the_word_of_none(
    project: Project, words: tuple[str, ...]
) -> None:
    refused = project.migrate("current", "--format", "github", *words)

    assert (refused.exit_code, refused.stdout) == (2, "")


def test_status_has_text_and_json(project: Project) -> None:
    text = project.migrate("status", "--format", "text")
    found = project.migrate("status", "--format", "json")

    assert text.stdout == project.migrate("status").stdout
    assert found.json["command"] == "status"
