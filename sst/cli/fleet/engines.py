"""What works on the databases: processes of this machine, or an engine that a plugin offers."""

from __future__ import annotations

import os
from contextlib import closing
from typing import TYPE_CHECKING, Any

from sst.dependencies import dependency_error
from sst.errors import SstError, UsageError
from sst.fleet.processes import Processes
from sst.hooks.contract.fleet.engines import FleetCall, NamedEngine

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from contextlib import AbstractContextManager

    from sst.cli.call.invocation import Invocation
    from sst.cli.fleet.options import Many, Way
    from sst.hooks.contract.fleet.engines import Engine
    from sst.hooks.manager import Contribution

LOCAL = "processes"
"""The engine of this machine, which is there without any plugin."""
_WORKER = "sst.cli.fleet.worker:main"
_OF_THIS_CALL = {"overrides": "--set", "left_out": "--no-plugin", "x": "-x"}


def open_engine(
    invocation: Invocation, many: Many, words: Sequence[str], databases: int, way: Way
) -> AbstractContextManager[Engine]:
    """Return the engine that *many* names for *words* on so many *databases*, to be closed.

    Raises `UsageError` for a name that nobody knows, and for what workers elsewhere cannot get.
    """
    if many.engine in (None, LOCAL):
        most = min(many.parallel or os.cpu_count() or 1, databases)
        return closing(local_engine(invocation, most, is_look=way == "look"))
    offered = _offered(invocation, many.engine)
    _refuse_what_is_of_this_call(invocation, words)
    runtime = invocation.runtime
    call = FleetCall(invocation.command, runtime.environment, runtime.project_root, many.parallel)
    return closing(_made(invocation, offered, call))


def most_at_once(many: Many, databases: int) -> int:
    """Return how many of so many *databases* may be at work at once, whatever their server."""
    usual = os.cpu_count() or 1 if many.engine in (None, LOCAL) else databases
    return min(many.parallel or usual, databases)


def local_engine(invocation: Invocation, most: int, *, is_look: bool = False) -> Engine:
    """Return up to *most* processes of this machine, which work as *invocation* does.

    A command that *is_look* changes nothing, and waits for a silent server once.
    """
    greeting = {**_greeting(invocation), "is_look": is_look}
    return Processes(most, _WORKER, greeting, quiet=invocation.runtime.is_screen)


def _greeting(invocation: Invocation) -> Mapping[str, Any]:
    """Return what a process of the fleet must know before its first database."""
    return {
        "root": str(invocation.root),
        "program": invocation.door,
        "overrides": invocation.overrides,
        "left_out": invocation.left_out,
        "x": invocation.x,
    }


def _offered(invocation: Invocation, name: str | None) -> Contribution:
    found = {
        each.value.name: each for each in invocation.runtime.plugins.collect("register_engines")
    }
    if name in found:
        return found[name]
    raise UsageError(
        what=f"There is no engine {name!r}.",
        why=f"there are: {', '.join([LOCAL, *sorted(found)])}",
        next_step="name one of them with --engine, or enable the plugin that has it",
    )


def _refuse_what_is_of_this_call(invocation: Invocation, words: Sequence[str]) -> None:
    """Refuse what only this process knows: workers have their own settings and plugins."""
    given = [option for name, option in _OF_THIS_CALL.items() if getattr(invocation, name)]
    if given:
        raise UsageError(
            what=f"{' and '.join(given)} do not reach workers on other machines.",
            why="each of them has settings and plugins of its own",
            next_step="set it where the workers are, or leave --engine out",
        )
    text = " ".join(words)
    if invocation.clean(text) != text:
        raise UsageError(
            what="The command line has a secret in it, and would be kept in a queue.",
            why="what is queued can be read by others",
            next_step="set the secret where the workers are",
        )


def _made(invocation: Invocation, offered: Contribution, call: FleetCall) -> Engine:
    """Return the engine; what its plugin raises is told as an error of ours."""
    named = offered.value
    assert isinstance(named, NamedEngine)  # noqa: S101 - `collect` leaves out what is not
    try:
        return named.make(call)
    except SstError:
        raise
    except Exception as error:
        missing = dependency_error(error) if isinstance(error, ImportError) else None
        blamed = invocation.runtime.plugins.blame(offered.plugin, "register_engines", error)
        raise missing or SstError(
            what=f"The engine {named.name!r} of the plugin '{offered.plugin}' failed.",
            why=f"{invocation.clean(blamed.reason)} [{blamed.place}]",
            next_step="repeat it with --debug and report it to the plugin's authors",
        ) from error
