"""The value of one source for one setting, and its place in that source."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, NoReturn, TypeAlias

from sst.config.declared.names import name_of

if TYPE_CHECKING:
    from collections.abc import Iterable

    from sst.config.sources.precedence import Layer

Value: TypeAlias = Any
"""A setting's value: what a TOML file, a variable or a model can hold."""


@dataclass(frozen=True, slots=True)
class SourceValue:
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

    def __reduce__(self) -> NoReturn:
        """Refuse to be pickled: the value can be a secret."""
        message = "a SourceValue is not pickled: its value can be a secret"
        raise TypeError(message)


@dataclass(frozen=True, slots=True)
class PluginValue:
    """One value that a plugin's `config_values` gave; its `repr` does not hold the value."""

    name: str
    value: str = field(repr=False)
    plugin: str


def low_to_high(source_values: Iterable[SourceValue]) -> tuple[SourceValue, ...]:
    """Return *source_values* in the order in which they overrule each other."""
    return tuple(sorted(source_values, key=lambda each: each.layer))
