"""How a command shows its report: lines for a person, keys for `--json`, forms for others."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from sst.migrator.values.report import Report
    from sst.runtime import Runtime

    Text = Callable[[Report, Runtime], Sequence[str]]
    Keys = Callable[[Report], Mapping[str, Any]]
    Kept = Literal["record", "schema"]
    Forms = Mapping[str, str]

TEXT, JSON = "text", "json"
"""The forms that every command with `--format` has: its lines, and what `--json` prints."""


def no_text(_report: Report, _runtime: Runtime) -> Sequence[str]:
    """Return no line: the exit code says it all, or the report brings its own lines."""
    return ()


def no_keys(_report: Report) -> Mapping[str, Any]:
    """Return no key: the command has those of every command."""
    return {}


@dataclass(frozen=True, slots=True)
class Presentation:
    """How one command shows its report; given where the command is declared."""

    text: Text = no_text
    """Its lines on stdout."""
    keys: Keys = no_keys
    """What `--json` prints beside the keys of every command; a failed one has these keys too."""
    kept: Kept | None = None
    """What its answer comes of, where it may be told again while that is as it was: the version
    table and the `record`, or the whole `schema` too; None is an answer that is never kept."""
    forms: Forms | None = None
    """What `--format` prints in place of the text: by its word the place of a function,
    `module:name`, which is imported when the form is asked for. None is a command without
    `--format`.

    The function takes the report and the `Invocation`, and returns lines. They are all that
    stdout gets, also of a call that has failed, even before there was a runtime: then the report
    has nothing but its error, which goes to stderr besides."""
