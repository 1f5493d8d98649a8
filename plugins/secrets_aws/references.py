"""References in the settings: a setting, and the secret or parameter that holds its value."""

from __future__ import annotations

import json
import logging
from dataclasses import dataclass
from difflib import get_close_matches
from typing import TYPE_CHECKING

from sst.hooks import Problem

if TYPE_CHECKING:
    from collections.abc import Sequence

log = logging.getLogger("sst.secrets_aws")

_ALMOST_THE_SAME = 0.85


class UnreadableError(Exception):
    """A value cannot be had: in words that hold no part of it, and what to do."""

    def __init__(self, what: str, hint: str = "", *, concerns_all: bool = False) -> None:
        super().__init__(what)
        self.what = what
        self.hint = hint
        self.concerns_all = concerns_all
        """Nothing else can be read either: credentials, network."""


@dataclass(frozen=True, slots=True)
class Reference:
    """One setting and where its value is."""

    setting: str
    """As in the environment: `DATABASE_URL`, `PLUGINS__NOTIFY__URL`."""
    name: str
    """The name or ARN of the secret or parameter."""
    key: str = ""
    """The key of a JSON object; empty: the whole text."""
    is_parameter: bool = False

    @classmethod
    def of(cls, setting: str, target: str, *, is_parameter: bool) -> Reference:
        """Return what `setting = "name#key"` means; neither store allows `#` in a name."""
        name, _, key = target.partition("#")
        return cls(setting_name(setting), name, key, is_parameter)

    def value(self, text: str) -> str:
        """Return the setting's value of *text*; the newline of a file at its end is none.

        Raises `UnreadableError` when *text* is no JSON object with the key.
        """
        if not self.key:
            return text.removesuffix("\n")
        try:
            found = json.loads(text)
        except ValueError:
            # The decoder's message and its exception hold the text.
            raise UnreadableError(f"holds no JSON, so no key {self.key!r}") from None
        if not isinstance(found, dict) or found.get(self.key) is None:
            raise UnreadableError(f"has no key {self.key!r}")
        value = found[self.key]
        return value if isinstance(value, str) else json.dumps(value)

    def problem(self, error: UnreadableError, more: int = 0) -> Problem:
        """Return *error* as a line that names the setting, and *more* that share its fate."""
        kind = "parameter" if self.is_parameter else "secret"
        others = f" (and {more} more)" if more else ""
        return Problem(
            self.setting, f"the {kind} {self.name!r} {error.what}{others}", "", error.hint
        )


def setting_name(written: str) -> str:
    """Return a setting's name in the environment: `plugins.notify.url` may be written, too."""
    return written.strip().replace(".", "__").replace("-", "_").upper()


def asked(references: Sequence[Reference], wanted: Sequence[str]) -> tuple[Reference, ...]:
    """Return those of *references* whose settings are *wanted*.

    A name that is not wanted has a stronger source, or its plugin is not enabled; one that is
    almost a wanted name is a typing mistake, and logged.
    """
    named = {reference.setting for reference in references}
    for reference in references:
        if reference.setting not in wanted:
            _warn_of_mistake(reference.setting, set(wanted) - named)
    return tuple(reference for reference in references if reference.setting in wanted)


def _warn_of_mistake(name: str, free: set[str]) -> None:
    for meant in get_close_matches(name, sorted(free), n=1, cutoff=_ALMOST_THE_SAME):
        log.warning("secrets_aws: %s is not asked for; did you mean %s?", name, meant)
