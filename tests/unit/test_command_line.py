"""What is typed before a command: one name in every text, another one where a variable says so."""

from __future__ import annotations

import pytest

from sst.command_line import PROGRAM, VARIABLE, as_typed, typed_program

OUTSIDE = "docker compose run --rm migrate"
ADVICE = "run `python migrate.py upgrade`"


def test_command_is_shown_as_the_variable_says(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(VARIABLE, f" {OUTSIDE} ")

    assert as_typed(ADVICE) == f"run `{OUTSIDE} upgrade`"
    assert as_typed(ADVICE, "sst") == f"run `{OUTSIDE} upgrade`"


def test_without_the_variable_it_is_the_way_in() -> None:
    assert as_typed(ADVICE) == ADVICE
    assert as_typed(ADVICE, "sst") == "run `sst upgrade`"
    assert typed_program("sst") == "sst"


def test_text_that_is_as_typed_stays(monkeypatch: pytest.MonkeyPatch) -> None:
    """A line is shown by several hands; this one holds the name that it stands for."""
    monkeypatch.setenv(VARIABLE, "kubectl exec -it app -- python migrate.py")

    once = as_typed(f"{ADVICE}; {ADVICE}")

    assert once.count("kubectl exec -it app -- python migrate.py upgrade") == 2
    assert as_typed(once) == once
    assert once.count("kubectl") == 2


def test_surroundings_of_the_command_come_with_the_variable(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """The environment of the caller does not reach the inside of a container."""
    text = "`ENV_FOR_DYNACONF=production python migrate.py restore b-1`"
    assert as_typed(text, "sst") == "`ENV_FOR_DYNACONF=production sst restore b-1`"

    monkeypatch.setenv(VARIABLE, OUTSIDE)

    assert as_typed(text) == f"`{OUTSIDE} restore b-1`"


def test_path_of_an_interpreter_is_no_command_of_ours(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(VARIABLE, OUTSIDE)

    assert as_typed("`.venv/bin/python migrate.py`") == "`.venv/bin/python migrate.py`"


@pytest.mark.parametrize(
    "hostile",
    ["a\nb", "\x1b[2Jcleared", "a\tb", "\u202eback", "\x9b31m", "x" * 201, "  "],
    ids=["lines", "escape", "tab", "direction", "c1", "long", "blank"],
)
def test_text_that_would_break_a_screen_is_not_used(
    hostile: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(VARIABLE, hostile)

    assert as_typed(ADVICE) == ADVICE
    assert typed_program() == PROGRAM


def test_text_is_no_pattern(monkeypatch: pytest.MonkeyPatch) -> None:
    odd = r"a\1 (b) \g<0> 'c' \"d\""
    monkeypatch.setenv(VARIABLE, odd)

    assert as_typed(ADVICE) == f"run `{odd} upgrade`"
