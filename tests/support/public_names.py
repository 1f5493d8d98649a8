"""Every public name of the plugin contract with its signature, and what the changelog says of it.

`python -m tests.support.public_names` writes the list of a release; see `test_public_names.py`.
"""

from __future__ import annotations

import enum
import hashlib
import inspect
import re
from dataclasses import is_dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import sst.hooks
import sst.testing
from sst.hooks.contract import specs

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

ROOT = Path(__file__).resolve().parents[2]
LIST = ROOT / "tests" / "architecture" / "public_names.txt"
_QUOTED = re.compile(r"(: |-> )'([^']*)'")  # an annotation that is not evaluated
_ADDRESS = re.compile(r" at 0x[0-9a-f]+")


def public_names() -> dict[str, str]:
    """Return the signature of every public name, of its fields and methods, and of every hook."""
    found: dict[str, str] = {}
    for module in (sst.hooks, sst.testing):
        for name in module.__all__:
            found |= _described(f"{module.__name__}.{name}", getattr(module, name))
    for hook, mode in specs.MODES.items():
        signature = _signature(getattr(specs, hook))
        found[f"hook.{hook}"] = f"{signature} [{mode}]"
    return dict(sorted(found.items()))


def as_text(names: Mapping[str, str]) -> str:
    """Return *names* as the list is kept: a line each."""
    return "".join(f"{name} {signature}\n" for name, signature in names.items())


def listed(text: str) -> dict[str, str]:
    """Return the names of a list."""
    return dict(line.partition(" ")[::2] for line in text.splitlines())


def digest(text: str) -> str:
    """Return the word that CHANGELOG.md knows a list by."""
    return hashlib.sha256(text.encode()).hexdigest()[:12]


def changed(before: Mapping[str, str], after: Mapping[str, str]) -> dict[str, str]:
    """Return what became of every name that is not as it was: `added`, `changed`, `removed`."""
    found = dict.fromkeys(before.keys() - after.keys(), "removed")
    found |= dict.fromkeys(after.keys() - before.keys(), "added")
    both = before.keys() & after.keys()
    found |= {name: "changed" for name in both if before[name] != after[name]}
    return dict(sorted(found.items()))


def untold(changes: Mapping[str, str], changelog: str) -> dict[str, str]:
    """Return those of *changes* that the newest section of *changelog* does not name.

    A name is told as `Run.aside`, without its module. What is new is told with its class.
    """
    news = changelog.partition("\n## ")[2].partition("\n## ")[0]
    return {
        name: what
        for name, what in changes.items()
        if not _is_told(name, news) and not (what == "added" and _is_part_of_new(name, changes))
    }


def _is_part_of_new(name: str, changes: Mapping[str, str]) -> bool:
    return changes.get(name.rpartition(".")[0]) == "added"


def _is_told(name: str, news: str) -> bool:
    short = re.sub(r"^(sst\.\w+|hook)\.", "", name)
    return re.search(rf"`(?:sst\.\w+\.)?{re.escape(short)}(?![\w.])", news) is not None


def _described(name: str, value: Any) -> Iterator[tuple[str, str]] | dict[str, str]:  # noqa: ANN401
    if isinstance(value, type):
        return dict(_class_lines(name, value))
    if inspect.isfunction(value):
        return {name: _signature(value)}
    wrapped = inspect.unwrap(value) if hasattr(value, "__wrapped__") else None
    if inspect.isfunction(wrapped) or type(value).__name__ == "FixtureFunctionDefinition":
        function = wrapped or value._get_wrapped_function()
        return {name: f"fixture {_signature(function)}"}
    return {name: type(value).__name__}


def _class_lines(name: str, value: type) -> Iterator[tuple[str, str]]:
    if issubclass(value, enum.Enum):
        yield name, "enum"
        yield from ((f"{name}.{each.name}", repr(each.value)) for each in value)
        return
    yield name, f"class{_signature(value) if _has_signature(value) else ''}"
    if is_dataclass(value):
        for field, annotation in value.__annotations__.items():
            yield f"{name}.{field}", str(annotation)
    for member, found in vars(value).items():
        if not member.startswith("_") and (text := _member(found)):
            yield f"{name}.{member}", text


def _has_signature(value: type) -> bool:
    return is_dataclass(value) or "__init__" in vars(value)


def _member(found: object) -> str:
    if isinstance(found, property):
        return f"property{_signature(found.fget)}" if found.fget else ""
    function = getattr(found, "__func__", found)
    return _signature(function) if inspect.isfunction(function) else ""


def _signature(function: Any) -> str:  # noqa: ANN401 - a function or a class
    signature = inspect.signature(function)
    parameters = [_steady(each) for each in signature.parameters.values()]
    text = _QUOTED.sub(r"\1\2", str(signature.replace(parameters=parameters)))
    return _ADDRESS.sub("", text)


def _steady(parameter: inspect.Parameter) -> inspect.Parameter:
    """Return *parameter* with a set in its default sorted: its own order is by chance."""
    if not isinstance(parameter.default, frozenset):
        return parameter
    return parameter.replace(default=sorted(parameter.default))


if __name__ == "__main__":
    LIST.write_text(as_text(public_names()), encoding="utf-8")
    told = f"CHANGELOG.md must say: list `{digest(as_text(public_names()))}`"
    print(f"{LIST.relative_to(ROOT)} is written; {told}")  # noqa: T201 - a command for developers
