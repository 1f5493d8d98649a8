"""A text cut to columns."""

from __future__ import annotations

import pytest

from sst.layout.cells import columns_of, cut


@pytest.mark.parametrize(
    ("text", "columns", "expected"),
    [
        ("select 1", 8, "select 1"),
        ("select 12", 8, "selec..."),
        ("select 1 from t", 10, "select..."),
        ("現場現場現場", 8, "現場..."),
        ("現場", 4, "現場"),
    ],
)
def test_longer_text_is_cut_to_its_columns_and_says_so(
    text: str, columns: int, expected: str
) -> None:
    shown = cut(text, columns)

    assert (shown, columns_of(shown) <= columns) == (expected, True)
