"""The value of one source for one setting, and its place in that source."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import IntEnum
from typing import TYPE_CHECKING, Any, TypeAlias

from sst.config.declared.names import name_of
from sst.redaction.never_pickled import NeverPickled

if TYPE_CHECKING:
    from collections.abc import Iterable

Value: TypeAlias = Any
"""A setting's value: what a TOML file, a variable or a model can hold."""


class Layer(IntEnum):
    """The sources, low to high; inside a layer the later value wins.

    `NAME_FILE` beats a file, the variable itself beats `NAME_FILE`.
    """

    DEFAULT = 0
    FILE = 1
    DOTENV = 2
    PLUGIN = 3
    NAME_FILE = 4
    ENVIRONMENT = 5
    TARGET = 6
    OVERRIDE = 7


@dataclass(frozen=True, slots=True)
class SourceValue(NeverPickled):
    """One value of one source; its `repr` does not hold the value."""

    path: tuple[str, ...]
    value: Value = field(repr=False)
    source: str
    """`settings.toml:18 [production]`, `environment DEBUG`, `--set DEBUG`."""
    layer: Layer
    is_text: bool = True
    """Texts are read by the setting's type; a file's values have types of their own."""

    @property
    def name(self) -> str:
        """The name of the setting that the value is for."""
        return name_of(self.path)


@dataclass(frozen=True, slots=True)
class PluginValue:
    """One value that a plugin's `config_values` gave; its `repr` does not hold the value."""

    name: str
    value: str = field(repr=False)
    plugin: str


def low_to_high(source_values: Iterable[SourceValue]) -> tuple[SourceValue, ...]:
    """Return *source_values* in the order in which they overrule each other."""
    return tuple(sorted(source_values, key=lambda each: each.layer))
