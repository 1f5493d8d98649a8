"""What bash splits at `=`, `:` and `@` is one word again."""

from __future__ import annotations

import pytest

from sst.cli.completing.bash_words import rejoined


@pytest.mark.parametrize(
    ("words", "whole", "given"),
    [
        (["sst", "upgrade", "r"], ["sst", "upgrade", "r"], ""),
        (["sst", "--set", "A", "=", "3", "r"], ["sst", "--set", "A=3", "r"], ""),
        (["sst", "--set", "=", "MI"], ["sst", "--set=MI"], "--set="),
        (["sst", "--set", "="], ["sst", "--set="], "--set="),
        (["sst", "shop", "@", "he"], ["sst", "shop@he"], "shop@"),
        (["sst", "U", "=", "p", ":", "//u", "@", "h", ""], ["sst", "U=p://u@h", ""], ""),
    ],
)
def test_words_are_as_the_user_typed_them(words: list[str], whole: list[str], given: str) -> None:
    assert rejoined(words, len(words) - 1) == (whole, given)


def test_cursor_behind_the_last_word_begins_another() -> None:
    assert rejoined(["sst", "upgrade"], 2) == (["sst", "upgrade", ""], "")
