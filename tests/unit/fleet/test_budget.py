"""How many databases may fail: a number, or a percentage of them all."""

from __future__ import annotations

import pytest

from sst.fleet.budget import NO_LIMIT, Budget


@pytest.mark.parametrize(
    ("text", "failures", "of", "is_allowed"),
    [
        ("0", 0, 10, True),
        ("0", 1, 10, False),
        ("3", 3, 10, True),
        ("3", 4, 1000, False),
        ("10%", 1, 10, True),
        ("10%", 2, 10, False),
        ("10%", 1, 9, False),
        ("0%", 0, 9, True),
        ("0%", 1, 9, False),
        ("100%", 9, 9, True),
    ],
)
def test_budget_bears_so_many_failures(
    text: str, failures: int, of: int, *, is_allowed: bool
) -> None:
    assert Budget.of(text).allows(failures, of) is is_allowed


@pytest.mark.parametrize("text", ["", "-1", "1.5", "ten", "5 %", "%", "101%", "1e3"])
def test_other_text_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match=r"neither a number nor a percentage|more than 100%"):
        Budget.of(text)


@pytest.mark.parametrize("text", ["0", "7", "0%", "12%"])
def test_budget_is_shown_as_it_is_spelled(text: str) -> None:
    assert str(Budget.of(f" {text} ")) == text


def test_without_a_limit_all_may_fail() -> None:
    assert NO_LIMIT.allows(500, 500)
