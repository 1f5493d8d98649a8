"""The x arguments of the command line, `-x key=value`, by their keys."""

from __future__ import annotations

from types import MappingProxyType
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping


def by_key(x: Iterable[str]) -> Mapping[str, str]:
    """Return *x* as env.py gets it from `context.get_x_argument(as_dictionary=True)`, read-only.

    The last one of a key counts; one without `=` is an empty text.
    """
    return MappingProxyType({key: value for key, _, value in (each.partition("=") for each in x)})
