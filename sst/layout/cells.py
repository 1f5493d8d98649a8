"""The columns that a text takes on a terminal."""

from __future__ import annotations


def columns_of(text: str) -> int:
    """Return how many columns *text* takes: two for a wide character, none for an accent alone."""
    if text.isascii():
        return len(text)
    # Its tables are not worth their import for plain text.
    from rich.cells import cell_len

    return cell_len(text)
