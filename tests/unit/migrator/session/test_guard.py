"""What stands between a slip of the hand and a production database."""

from __future__ import annotations

import shlex

import pytest

from sst.db.url import DatabaseUrl
from sst.errors import ConfirmationError, EnvironmentMismatchError
from sst.migrator.session.guard import confirm, guard_environment, needs_confirmation


@pytest.mark.parametrize("given", [None, "another"])
def test_printed_confirmation_can_be_pasted_whatever_the_name_is(given: str | None) -> None:
    url = DatabaseUrl("postgresql://u@host/it%27s%20%22odd%22%3B%20ls")

    with pytest.raises(ConfirmationError) as refused:
        confirm(url, action="restore latest", given=given, ask=None)

    pasted = refused.value.next_step.partition("--confirm")[2]
    assert shlex.split(pasted) == [url.name]


@pytest.mark.parametrize("given", ["SHOP", "Shop", "shop2", "sho", ""])
def test_only_the_very_name_confirms(given: str) -> None:
    url = DatabaseUrl("postgresql://u@host/shop")

    with pytest.raises(ConfirmationError):
        confirm(url, action="downgrade base", given=given, ask=None)

    confirm(url, action="downgrade base", given="shop", ask=None)


@pytest.mark.parametrize("answer", ["shop", " shop\n"])
def test_answer_on_a_terminal_counts_without_the_spaces_around_it(answer: str) -> None:
    url = DatabaseUrl("postgresql://u@host/shop")

    confirm(url, action="downgrade base", given=None, ask=lambda _: answer)


def test_wrong_name_on_the_command_line_is_not_asked_for_again() -> None:
    url = DatabaseUrl("postgresql://u@host/shop")

    for given in ("", "other"):
        with pytest.raises(ConfirmationError):
            confirm(url, action="downgrade base", given=given, ask=lambda _: "shop")


@pytest.mark.parametrize(
    ("target", "is_needed"),
    [
        *(("base", True), (" base ", True), ("audit@base", True)),
        *(("-1", False), ("audit@-1", False), ("a1b2", False), ("database", False)),
    ],
)
def test_way_down_to_a_base_is_confirmed_everywhere(target: str, *, is_needed: bool) -> None:
    assert needs_confirmation(target, is_protected=False) is is_needed
    assert needs_confirmation(target, is_protected=True)


@pytest.mark.parametrize("remembered", [None, "production"])
def test_run_of_the_same_environment_is_let_through(remembered: str | None) -> None:
    guard_environment(remembered, "production", allowed=False)


def test_run_of_another_environment_needs_a_word() -> None:
    with pytest.raises(EnvironmentMismatchError, match="'production', not to 'staging'"):
        guard_environment("production", "staging", allowed=False)

    guard_environment("production", "staging", allowed=True)
