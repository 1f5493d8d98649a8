"""One target from what is said of it: its URL, its secrets by reference, its settings."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from pydantic import ValidationError

from sst.config.binding.protection import EMBEDDED
from sst.config.binding.validation_errors import message_of
from sst.config.declared.annotations import has_telling_name
from sst.config.declared.schema import TargetEntry
from sst.config.sources.secret_files import read_secret_file
from sst.config.sources.target import Target
from sst.db.url import DatabaseUrl
from sst.errors import ConfigError, Problem

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping
    from pathlib import Path

_NAME = "{name}"
_OWN = {each.alias or name for name, each in TargetEntry.model_fields.items()} - {
    "labels",
    "settings",
}
_ANOTHER_NAME = (
    "call it otherwise; a database or schema that is called so can be listed with a name and "
    "database or schema"
)
_EACH_HAS_ONE = "each target has a name of its own"
_ONE_SCHEMA = "name one schema of the application"
_LONGEST_BYTES = 63
# The server reads "$user" in a search path as the role's name, in quotes too.
_NOT_THEIRS = frozenset({"information_schema", "migrator", "$user"})
_COLUMNS = (
    "columns are name, url, url_env, url_file, password_env, password_file, database and schema; "
    "one with a dot is a setting, every other a label"
)
_BY_REFERENCE = "name the variable or file that holds it: password_env, password_file"


class TargetError(Exception):
    """What is said of a target is wrong; the *problem* says where."""

    def __init__(self, problem: Problem) -> None:
        super().__init__(problem.what)
        self.problem = problem


@dataclass(frozen=True, slots=True)
class Given:
    """What all targets of a project have in common."""

    root: Path
    environ: Mapping[str, str] = field(repr=False)
    settings: Mapping[str, Any] = field(repr=False)
    server: Callable[[], DatabaseUrl]
    """The URL of the settings, for a target that has none of its own."""


def read_entry(data: Mapping[str, Any], source: str) -> TargetEntry:
    """Return *data*, the words of a list at *source*, as an entry. Raises `TargetError`."""
    try:
        return TargetEntry.model_validate(data)
    except ValidationError as error:
        first = error.errors(include_url=False, include_input=False)[0]
        key = ".".join(map(str, first["loc"]))
        if first["type"] == "missing":
            raise TargetError(Problem(key, "is missing", source, _EACH_HAS_ONE)) from None
        hint = _ANOTHER_NAME if key == "name" else ""
        raise TargetError(Problem(key or "target", message_of(first), source, hint)) from None


def entry_of_row(row: Mapping[str, Any], source: str) -> TargetEntry:
    """Return the entry in a *row*: a column is a key of it, a setting, or else a label.

    A setting is told by the dot in its name: `migrate.lock_timeout`. Raises `TargetError`.
    """
    filled = {key: value for key, value in row.items() if value not in (None, "")}
    if fault := next(filter(None, map(_fault_of_column, filled)), None):
        raise TargetError(Problem(*fault, source, _COLUMNS))
    own = {key: str(value) for key, value in filled.items() if key in _OWN}
    settings = {key: value for key, value in filled.items() if "." in key}
    labels = {
        key: str(value) for key, value in filled.items() if key not in _OWN and "." not in key
    }
    return read_entry({**own, "settings": settings, "labels": labels}, source)


def _fault_of_column(name: str) -> tuple[str, str] | None:
    if name.strip() and name not in {"labels", "settings"}:
        return None
    return repr(name), "is no name of a column here"


def target_of(entry: TargetEntry, source: str, given: Given) -> Target:
    """Return the target that *entry*, at *source*, describes. Raises `TargetError`."""
    if told := next(filter(has_telling_name, entry.labels), None):
        # A label is shown.
        raise TargetError(Problem(told, "is a secret in the clear", source, _BY_REFERENCE))
    url = _url(entry, source, given)
    password = _secret(entry, "password", source, given)
    url = url.with_password(password) if password else url
    url = url.with_database(entry.database) if entry.database else url
    schema = entry.schema_name or ""
    if fault := fault_of_schema(schema) if schema else "":
        raise TargetError(Problem(f"schema of {entry.name}", fault, source, _ONE_SCHEMA))
    settings = {**_leaves(given.settings), **_leaves(entry.settings)}
    return Target(
        name=entry.name,
        url=url.reveal(),
        settings={key: _named(value, entry.name) for key, value in settings.items()},
        labels=entry.labels,
        schema=schema,
        source=source,
    )


def fault_of_schema(name: str) -> str:
    """Return why no schema called *name* can be a target; empty where one can."""
    if "\0" in name or not name.strip():
        return "is no name of a schema"
    if len(name.encode()) > _LONGEST_BYTES:
        return f"is longer than the {_LONGEST_BYTES} bytes of a name"
    is_taken = name.startswith("pg_") or name in _NOT_THEIRS
    return "belongs to the server or to the record of runs" if is_taken else ""


def _url(entry: TargetEntry, source: str, given: Given) -> DatabaseUrl:
    text = _secret(entry, "url", source, given)
    if text is None and not (entry.database or entry.schema_name):
        # The database of the settings is never meant by leaving out which.
        hint = (
            "give it url, url_env, url_file or, on the server of the settings, database or schema"
        )
        raise TargetError(Problem(entry.name, "says of no database that it is it", source, hint))
    if text is None:
        return given.server()
    if text.strip().lower() == EMBEDDED:
        hint = "only DATABASE_URL starts a server; name a database on it with database"
        raise TargetError(Problem(f"url of {entry.name}", "is embedded", source, hint))
    return _parsed(text, entry.name, source)


def _parsed(text: str, name: str, source: str) -> DatabaseUrl:
    try:
        return DatabaseUrl(text, setting=f"url of {name}")
    except ConfigError as error:
        found = error.problems[0]
        raise TargetError(Problem(found.subject, found.what, source, found.hint)) from None


def _secret(entry: TargetEntry, what: str, source: str, given: Given) -> str | None:
    """Return the text of *what* in *entry*, or the one that it refers to; None without one."""
    keys = [key for key in (what, f"{what}_env", f"{what}_file") if getattr(entry, key, None)]
    if len(keys) > 1:
        problem = Problem(entry.name, f"has {' and '.join(keys)}", source, "leave one of them")
        raise TargetError(problem)
    for key in keys:
        said = getattr(entry, key)
        text, fault = _followed(key, said, given)
        if fault:
            raise TargetError(Problem(f"{key} of {entry.name}", fault, source))
        return text
    return None


def _followed(key: str, said: Any, given: Given) -> tuple[str, str]:  # noqa: ANN401 - of a field
    """Return the text that *said*, the value of *key*, refers to, and why there is none."""
    if key.endswith("_env"):
        found = given.environ.get(said, "")
        return found, "" if found else f"the variable {said} is not set"
    if key.endswith("_file"):
        content = read_secret_file(given.root / said)
        return content.text, f"the file {said} {content.fault}" if content.fault else ""
    text: str = said.get_secret_value()
    return text, ""


def _leaves(table: Mapping[str, Any], above: str = "") -> dict[str, Any]:
    """Return the settings in *table*, each by its whole key."""
    return dict(_each_leaf(table, above))


def _each_leaf(table: Mapping[str, Any], above: str) -> Iterator[tuple[str, Any]]:
    for key, value in table.items():
        name = f"{above}{key}"
        if isinstance(value, dict):
            yield from _each_leaf(value, f"{name}.")
        else:
            yield name, value


def _named(value: Any, name: str) -> Any:  # noqa: ANN401 - a setting's value
    return value.replace(_NAME, name) if isinstance(value, str) else value
