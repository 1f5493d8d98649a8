"""The result: one frozen `Configuration`, and where each of its values comes from."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, NoReturn

if TYPE_CHECKING:
    from collections.abc import Mapping

    from pydantic import BaseModel

    from app.config.catalog import Setting
    from app.config.policy import Choice
    from app.config.schema import Settings
    from app.config.words import Word


@dataclass(frozen=True, slots=True)
class PluginValue:
    """One value that a plugin's `config_values` gave; its `repr` does not hold the value."""

    name: str
    value: str = field(repr=False)
    plugin: str


@dataclass(frozen=True, slots=True)
class Entry:
    """One setting, its value, and every source that speaks of it, the winner first."""

    setting: Setting
    value: Any = field(repr=False)
    words: tuple[Word, ...] = ()

    @property
    def source(self) -> str:
        """Where the value comes from: `settings.toml:18 [production]`, or `default`."""
        return self.words[0].source if self.words else "default"


@dataclass(frozen=True, slots=True)
class Configuration:
    """Everything that settings and plugins said, validated and frozen."""

    settings: Settings
    plugin_settings: Mapping[str, BaseModel] = field(repr=False)
    """The validated settings of each enabled plugin that has any, by plugin name."""
    choice: Choice = field(repr=False)
    """Which plugins take part, and what the operator decided about each."""
    secrets: frozenset[str] = field(repr=False)
    """Every text that must never be printed, for the log's redactor."""
    warnings: tuple[str, ...] = ()
    """What is allowed and should not stay so."""
    entries: tuple[Entry, ...] = field(default=(), repr=False)
    """Every setting with its sources, for `config show` and `config explain`."""

    @property
    def environment(self) -> str:
        """The environment whose values these are."""
        return self.settings.environment

    def __reduce__(self) -> NoReturn:
        """Refuse to be pickled: a pickle would hold the secrets."""
        message = "a Configuration is not pickled: it holds secrets"
        raise TypeError(message)
