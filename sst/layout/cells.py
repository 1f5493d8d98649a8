"""The columns that a text takes on a terminal, and a text cut to some."""

from __future__ import annotations

_DOTS = "..."


def columns_of(text: str) -> int:
    """Return how many columns *text* takes: two for a wide character, none for an accent alone."""
    if text.isascii():
        return len(text)
    # Its tables are not worth their import for plain text.
    from rich.cells import cell_len

    return cell_len(text)


def cut(text: str, columns: int) -> str:
    """Return *text* in at most *columns* columns; one that is longer ends with three dots."""
    if columns_of(text) <= columns:
        return text
    from rich.cells import set_cell_size

    return f"{set_cell_size(text, max(columns - len(_DOTS), 0)).rstrip()}{_DOTS}"
