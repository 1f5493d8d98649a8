"""The names of the rules, with the level that each has by itself."""

from __future__ import annotations

from difflib import get_close_matches

from sst.hooks import Level

_ERROR, _WARNING = Level.ERROR, Level.WARNING

LEVELS = {
    "check-scan": _ERROR,
    "column-check-scan": _ERROR,
    "column-dropped": _ERROR,
    "column-renamed": _ERROR,
    "column-rewrite": _ERROR,
    "drop-index-blocks": _ERROR,
    "foreign-key-scan": _ERROR,
    "index-blocks-writes": _ERROR,
    "new-table-locks-parent": _WARNING,
    "not-null-scan": _ERROR,
    "partition-locks-parent": _ERROR,
    "refresh-blocks-reads": _ERROR,
    "rewrite": _ERROR,
    "scan-under-lock": _ERROR,
    "table-dropped": _ERROR,
    "table-emptied": _ERROR,
    "table-renamed": _ERROR,
    "two-tables-locked": _ERROR,
    "type-rewrite": _ERROR,
    "unique-scan": _ERROR,
    "vacuum-full-cluster": _ERROR,
    "validate-with-add": _ERROR,
    "whole-table-write": _ERROR,
    "work-under-lock": _ERROR,
    "enum-order": _WARNING,
    "int-primary-key": _WARNING,
    "json-column": _WARNING,
    "timestamp-without-zone": _WARNING,
}
STYLE = frozenset({"enum-order", "int-primary-key", "json-column", "timestamp-without-zone"})
"""Rules of taste, which are off unless they are asked for."""


def unknown(name: str) -> str:
    """Return in words that there is no rule *name*, with the names that are near it."""
    near = get_close_matches(name.lower().replace("_", "-"), LEVELS, n=3)
    hint = f"did you mean {' or '.join(near)}?" if near else "docs/rules/README.md has all of them"
    return f"there is no rule {name!r}; {hint}"
