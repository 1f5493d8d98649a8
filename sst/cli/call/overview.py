"""The help of the program itself: its commands by what they are for, on one screen."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    import click

BY_PURPOSE = {
    "Look": {
        "status": "state on one screen",
        "check": "anything to do? exit 3",
        "current": "the database's revision",
        "history": "every revision, and when",
        "plan": "what a run would do",
        "lint": "what rules say to it",
        "runs": "every run, how it ended",
        "targets": "many databases, listed",
    },
    "Move": {
        "upgrade": "forward, to the head",
        "downgrade": "back to a revision",
        "stamp": "record, run nothing",
        "restore": "back to a backup",
    },
    "Write, look after": {
        "revision": "a new revision file",
        "init": "settings of a project",
        "repair": "what is half done",
        "wait": "for database or schema",
        "backup": "make, look at, prove",
        "config": "show, check, compare",
        "plugins": "list, examine, write",
        "completion": "for bash, zsh, fish",
    },
}
"""Commands of the core and of the built-in plugins, each with a few words."""
OF_BUILT_IN_PLUGINS = frozenset({"backup", "restore"})
_GAP = 2
_INDENT = 2


def write_overview(
    formatter: click.HelpFormatter, core: list[str], of_plugins: Mapping[str, str]
) -> None:
    """Write the commands that there are: *core*, and those of plugins with whose they are."""
    known = {name: words for group in BY_PURPOSE.values() for name, words in group.items()}
    there = {*core, *of_plugins}
    for heading, group in BY_PURPOSE.items():
        _write(formatter, heading, {name: group[name] for name in group if name in there})
    others = {name: f"of the plugin {plugin}" for name, plugin in of_plugins.items()}
    _write(formatter, "Of plugins", {name: others[name] for name in others if name not in known})


def _write(formatter: click.HelpFormatter, heading: str, commands: Mapping[str, str]) -> None:
    if not commands:
        return
    formatter.write(f"{heading}:\n")
    for line in _lines(commands, formatter.width):
        formatter.write(f"{line}\n")


def _lines(commands: Mapping[str, str], width: int) -> Iterator[str]:
    """Yield *commands* in two columns, read downward, where they fit *width*; else in one."""
    longest = max(len(name) for group in BY_PURPOSE.values() for name in group)
    names = max(longest, *map(len, commands)) + _GAP
    cells = [f"{name:<{names}}{words}" for name, words in commands.items()]
    column = (width - _INDENT) // 2
    if any(len(cell) + _GAP > column for cell in cells):
        yield from (" " * _INDENT + cell for cell in cells)
        return
    half = (len(cells) + 1) // 2
    for left, right in zip(cells[:half], [*cells[half:], ""], strict=False):
        yield (" " * _INDENT + f"{left:<{column}}{right}").rstrip()
