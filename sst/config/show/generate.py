"""Documents made from the models: the JSON Schema for editors and the settings reference."""

from __future__ import annotations

from copy import deepcopy
from typing import TYPE_CHECKING, Any

from sst.config.declared.catalog import build_catalog, policy_settings
from sst.config.declared.names import APP, PLUGINS, fold
from sst.config.declared.plugin_policy import PluginPolicy
from sst.config.declared.schema import DEVELOPMENT, NOT_FROM_SOURCES, PRODUCTION, Settings
from sst.config.show.masking import shown
from sst.config.sources.files import DEFAULT_SECTION

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from pydantic import BaseModel

    from sst.config.declared.setting import Setting
    from sst.config.sources.source_values import Value

_DIALECT = "http://json-schema.org/draft-07/schema#"


def json_schema(
    sections: Mapping[str, type[BaseModel]] | None = None,
    environments: Iterable[str] = (DEVELOPMENT, PRODUCTION),
    application: type[BaseModel] | None = None,
) -> dict[str, Any]:
    """Return a JSON Schema of settings.toml for editors such as Even Better TOML (taplo).

    Every section is partial, so nothing is required; unknown keys are refused.
    """
    definitions: dict[str, Any] = {}
    core = _core_schema(definitions)
    plugins = core["properties"][PLUGINS] = _section_of(Settings, PLUGINS, definitions)
    # The sections of plugins that are not enabled may stay in the file.
    policy = _hoist(PluginPolicy.model_json_schema(), definitions)["properties"]
    plugins["additionalProperties"] = {"type": "object", "properties": policy}
    for name, model in (sections or {}).items():
        section = _hoist(model.model_json_schema(), definitions)
        section["properties"] = policy | section.get("properties", {})
        plugins["properties"][fold(name)] = _partial(section)
    if application:
        core["properties"][APP] = _partial(_hoist(_all_names(application), definitions))
    definitions["section"] = core
    names = [DEFAULT_SECTION, *environments]
    return {
        "$schema": _DIALECT,
        "title": "Settings",
        "type": "object",
        "additionalProperties": False,
        "properties": {name: {"$ref": "#/$defs/section"} for name in names},
        "$defs": definitions,
    }


def settings_reference(
    sections: Mapping[str, type[BaseModel]] | None = None,
    application: type[BaseModel] | None = None,
) -> str:
    """Return `docs/operators/settings.md`: the settings of core, *application* and *sections*."""
    catalog = build_catalog(sections, application=application)
    settings = [s for s in catalog.settings.values() if not s.is_policy]
    tables = [("Core", [s for s in settings if len(s.path) == 1])]
    titles = dict.fromkeys(s.path[:-1] for s in settings if len(s.path) > 1)
    tables += [
        (f"`[default.{'.'.join(title)}]`", [s for s in settings if s.path[:-1] == title])
        for title in titles
    ]
    every = _table("`[default.plugins.NAME]`", policy_settings("NAME"))
    written = [_table(title, rows) for title, rows in tables]
    split = next((i for i, (_, rows) in enumerate(tables) if rows[0].plugin), len(tables))
    parts = [_INTRODUCTION, *written[:split], every, _EVERY_PLUGIN, *written[split:]]
    return "\n".join(parts)


def _core_schema(definitions: dict[str, Any]) -> dict[str, Any]:
    schema = _hoist(Settings.model_json_schema(), definitions)
    for name in NOT_FROM_SOURCES:
        del schema["properties"][name]
    tables = {field for field in schema["properties"] if field in ("migrate", PLUGINS)}
    by_name = build_catalog().names
    schema["properties"] = {
        name if name in tables else by_name[name.upper()].key: value
        for name, value in schema["properties"].items()
    }
    return schema


def _all_names(model: type[BaseModel]) -> dict[str, Any]:
    """Return the schema of *model* with its fields under their names and their aliases."""
    by_alias, by_name = model.model_json_schema(), model.model_json_schema(by_alias=False)
    pairs = [(by_alias, by_name)]
    pairs += [(part, by_name["$defs"][key]) for key, part in by_alias.get("$defs", {}).items()]
    for aliased, named in pairs:
        if "properties" in aliased:
            aliased["properties"] = named["properties"] | aliased["properties"]
    return by_alias


def _section_of(model: type[BaseModel], field: str, definitions: dict[str, Any]) -> dict[str, Any]:
    annotation = model.model_fields[field].annotation
    assert annotation is not None  # noqa: S101 - the core's own table
    return _hoist(annotation.model_json_schema(), definitions)


def _hoist(schema: dict[str, Any], definitions: dict[str, Any]) -> dict[str, Any]:
    """Return *schema* for one section, its `$defs` moved to the root's *definitions*."""
    own = _with_durations(deepcopy(schema))
    for name, inner in own.pop("$defs", {}).items():
        definitions[name] = _partial(inner)
    return _partial(own)


def _with_durations(schema: Any) -> Any:  # noqa: ANN401 - what JSON can hold
    """Return *schema* with durations as they are read: a number, or a text such as `2h`."""
    if isinstance(schema, list):
        return [_with_durations(part) for part in schema]
    if not isinstance(schema, dict):
        return schema
    found = {key: _with_durations(part) for key, part in schema.items()}
    if found.get("format") == "duration":
        del found["format"]
        found["type"] = ["string", "number"]
    return found


def _partial(schema: dict[str, Any]) -> dict[str, Any]:
    if "properties" in schema:
        schema.pop("required", None)
        schema.setdefault("additionalProperties", False)
    return schema


_INTRODUCTION = """\
# Settings

<!-- Generated by sst.config.show.generate.settings_reference; a test keeps it current. -->

Every setting, its default and what it means.
`python migrate.py config show --sources` prints what is in force and where it comes from,
`python migrate.py config explain NAME` every source that speaks of one setting.

Sources, low to high: the defaults below, `settings.toml` (`[default]`, then the environment's
section), `.secrets.toml` (the same two sections), `settings.local.toml` and `.env` (in
development only), values from plugins, `NAME_FILE` (the path of a file that holds the value),
environment variables, `--set NAME=VALUE`.
A table is merged key by key; a list is replaced, or appended to the one of the source below where
`"dynaconf_merge"` is one of its items.
The environment is named by `ENV_FOR_DYNACONF`, else `ENVIRONMENT`; when neither is set it is
`development`.

In the environment a list is written as JSON (`PLUGINS__ENABLED='["backup", "notify"]'`) or with
commas, a boolean as `true`, `false`, `yes`, `no`, `on`, `off`, `1` or `0`.
An empty variable counts as unset. A secret is never shown; its text arrives byte for byte.
Outside development `DATABASE_URL` is required.
Every environment is protected unless its own section of `settings.toml` says `protected = false`:
`DEBUG`, `SQL_ECHO`, the embedded database and the placeholders of `.secrets.toml.example` are
refused there, code of plugins is held against `plugins.lock`, `downgrade` asks for the database's
name, and `/docs` is closed.
"""


_EVERY_PLUGIN = """\
The section of every plugin, `NAME` being its name in `plugins.enabled`, takes these keys of the
core beside the plugin's own; they are read before any plugin is imported, so no plugin can give
them. Where a plugin declares a key of the same name (`timeout_seconds`), the key is shared: the
plugin gets the value, and the core reads the same one. The core then waits a second longer, so
that the plugin's own deadline comes first.
"""


def _table(title: str, settings: Sequence[Setting]) -> str:
    head = (
        f"## {title}\n\n| Setting | Variable | Type | Default | Meaning |\n|---|---|---|---|---|"
    )
    return "\n".join([head, *(_row(one) for one in settings), ""])


def _row(setting: Setting) -> str:
    key = setting.path[-1] if len(setting.path) > 1 else setting.key
    variable = "none" if setting.is_declared else f"`{setting.name}`"
    return (
        f"| `{key}` | {variable} | {setting.type_name} | {_default(setting)} "
        f"| {setting.description} |"
    )


def _default(setting: Setting) -> str:
    if setting.is_required:
        return "required"
    value = shown(setting, setting.default, frozenset())
    return "unset" if value is None else f"`{toml_value(value)}`"


def toml_value(value: Value) -> str:
    """Return a JSON-ready *value* as TOML writes it."""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, (list, tuple)):
        return "[" + ", ".join(toml_value(part) for part in value) + "]"
    return f'"{value}"' if isinstance(value, str) else str(value)
