"""Find two routes of plugins that would answer one request, of which only the first ever would.

Routers are looked at, not imported: FastAPI stays in the web door.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from sst.errors import Problem

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from sst.hooks.calling.calls import Contribution

_PARAMETER = re.compile(r"\{[^}:]*")


def route_clashes(contributions: Iterable[Contribution]) -> Iterator[Problem]:
    """Yield the method and path of every request that two functions of *contributions* serve."""
    owners: dict[tuple[str, str, str], str] = {}
    for item in contributions:
        for route in getattr(item.value, "routes", ()):
            for key in _keys(item.plugin, route):
                first = owners.setdefault(key, _function(route))
                if first != _function(route):
                    yield _clash(key, first, _function(route))


def no_routers(contributions: Iterable[Contribution]) -> Iterator[Problem]:
    """Yield those of *contributions* that have no routes: the application would not start."""
    for item in contributions:
        if not hasattr(item.value, "routes"):
            what = (
                f"register_routers returned {type(item.value).__name__}, not a fastapi.APIRouter"
            )
            yield Problem(subject=f"plugin {item.plugin}", what=what)


def _keys(plugin: str, route: object) -> Iterator[tuple[str, str, str]]:
    # A mount or a websocket has no methods.
    shape = _PARAMETER.sub("{", str(getattr(route, "path", "")))
    for method in sorted(getattr(route, "methods", None) or ()):
        yield plugin, method, shape


def _function(route: object) -> str:
    endpoint = getattr(route, "endpoint", route)
    code = getattr(endpoint, "__code__", None)
    place = f" ({code.co_filename}:{code.co_firstlineno})" if code else ""
    return f"{getattr(endpoint, '__module__', '')}.{getattr(route, 'name', '')}{place}"


def _clash(key: tuple[str, str, str], first: str, second: str) -> Problem:
    plugin, method, path = key
    return Problem(
        subject=f"plugin {plugin}",
        what=f"{method} /plugins/{plugin}{path} is served twice: by {first} and by {second}",
        hint="give one of them another path",
    )
