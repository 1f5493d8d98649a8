"""The precedence of sources: `NAME_FILE` beats a file, the variable itself beats `NAME_FILE`."""

from __future__ import annotations

from enum import IntEnum


class Layer(IntEnum):
    """The sources, low to high; inside a layer the later value wins."""

    DEFAULT = 0
    FILE = 1
    DOTENV = 2
    PLUGIN = 3
    NAME_FILE = 4
    ENVIRONMENT = 5
    OVERRIDE = 6
