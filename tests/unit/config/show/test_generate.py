"""The shipped files agree with the models that they describe."""

from __future__ import annotations

import re
import tomllib
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from pydantic import BaseModel, ConfigDict, Field, RootModel, SecretStr

from app.settings import AppSettings
from sst.config.declared.catalog import build_catalog, policy_settings
from sst.config.declared.names import APP_SETTINGS
from sst.config.show.generate import json_schema, settings_reference, toml_value
from sst.config.show.masking import shown
from sst.config.sources.files import TomlFile, read_toml
from sst.config.sources.lint import environments_of
from sst.hooks.manager import discover

if TYPE_CHECKING:
    from collections.abc import Iterator

    from sst.config.declared.setting import Setting

_REPOSITORY = Path(__file__).parents[4]
_BUILT_IN = (
    *("embedded_postgres", "backup", "health_check", "notify"),
    *("safe_ddl", "maintenance", "fleet_procrastinate", "secrets_aws"),
)
_SECTIONS = {
    found.name: found.config_model
    for found in discover(_REPOSITORY, _BUILT_IN).found
    if found.config_model
}
# Without the application's: a team has its lines where it likes.
_EVERY = build_catalog(_SECTIONS).settings.values()
_ALL = [setting for setting in _EVERY if not setting.is_policy]
_POLICY = policy_settings("NAME")
_CORE = [setting for setting in _ALL if setting.plugin is None]


class Bucket(BaseModel):
    """A table inside a section."""

    name: str = "b"


class Backup(BaseModel):
    """The settings of a plugin."""

    directory: Path = Field(Path("backups"), description="Folder.")
    token: SecretStr
    bucket: Bucket = Bucket()


def shipped() -> str:
    """Return settings.toml."""
    return (_REPOSITORY / "settings.toml").read_text(encoding="utf-8")


@pytest.mark.parametrize("setting", [*_ALL, *_POLICY], ids=lambda setting: setting.name)
def test_settings_file_has_a_line_and_a_comment_for_every_setting(setting: Setting) -> None:
    """A new field without its line fails here."""
    *table, key = setting.key.split(".")
    header = "default.plugins.NAME" if setting.is_policy else ".".join(["default", *table])
    if setting.path == (APP_SETTINGS,):
        assert f'\n{key} = "app.settings:AppSettings"\n' in shipped()
        return
    if setting.is_declared:
        assert f"\n[development]\n{key} = false\n" in shipped()
        return
    section = re.split(rf"(?m)^(?:# )?\[{re.escape(header)}\]\n", shipped())[1].split("\n[")[0]

    match = re.search(rf"(?m)^(# .*\n)(?:# .*\n)*?(?:# )?{key} = (.*)$", section)

    assert match, f"{setting.key} has no line in [{header}]"
    default = shown(setting, setting.default, frozenset())
    if default is not None:
        assert match[2] == toml_value(default)


def test_settings_file_says_nothing_that_is_a_secret() -> None:
    secret = [setting.path[-1] for setting in _ALL if setting.is_secret]

    said = {key.lower(): value for key, value in flat(tomllib.loads(shipped()))}

    assert {name: said[name] for name in secret if name in said} == {"database_url": "embedded"}


def test_shipped_environments_are_the_two() -> None:
    file = read_toml(_REPOSITORY / "settings.toml")

    assert isinstance(file, TomlFile)
    assert environments_of(file) == ("development", "production")


def test_example_names_every_secret() -> None:
    text = (_REPOSITORY / ".secrets.toml.example").read_text(encoding="utf-8")

    # A secret that is a table of its own is named by its line, not by a value.
    said = {line.partition("=")[0].strip() for line in text.splitlines() if "=" in line}
    wanted = {setting.key.rpartition(".")[2] for setting in _ALL if setting.is_secret}
    assert wanted <= said


def test_secrets_are_kept_out_of_the_repository() -> None:
    ignored = (_REPOSITORY / ".gitignore").read_text(encoding="utf-8").splitlines()

    assert {".secrets.toml", "settings.local.toml", ".env"} <= set(ignored)


def test_reference_is_current() -> None:
    """Write it anew with `python -m tests.unit.config.show.test_generate` when this fails."""
    path = _REPOSITORY / "docs" / "operators" / "settings.md"

    assert path.read_text(encoding="utf-8") == settings_reference(_SECTIONS, AppSettings)


def test_reference_tells_about_plugins() -> None:
    text = settings_reference({"backup": Backup})

    assert "## `[default.plugins.backup]`" in text
    assert '| `directory` | `PLUGINS__BACKUP__DIRECTORY` | Path | `"backups"` | Folder. |' in text
    assert "| `token` | `PLUGINS__BACKUP__TOKEN` | secret | required |" in text


def test_schema_is_one_that_an_editor_can_use() -> None:
    schema = json_schema({"backup": Backup}, environments=["development", "production"])

    assert set(schema["properties"]) == {"default", "development", "production"}
    assert schema["additionalProperties"] is False
    section = schema["$defs"]["section"]
    assert {setting.key for setting in _CORE if len(setting.path) == 1} <= set(
        section["properties"]
    )
    assert "ENVIRONMENT" not in section["properties"]
    backup = section["properties"]["plugins"]["properties"]["backup"]
    assert backup["properties"]["token"]["format"] == "password"
    assert not [found for found in find(schema, "required") if isinstance(found, list)]
    assert not list(find(section, "$defs"))
    for reference in find(schema, "$ref"):
        assert reference.removeprefix("#/$defs/") in schema["$defs"]


def test_schema_refuses_what_the_loader_refuses() -> None:
    schema = json_schema()
    section = schema["$defs"]["section"]

    assert section["additionalProperties"] is False
    assert section["properties"]["DEBUG"]["type"] == "boolean"
    assert section["properties"]["DB_POOL_SIZE"]["minimum"] == 1
    assert schema["$defs"]["MigrateSettings"]["additionalProperties"] is False


def find(value: object, key: str) -> Iterator[Any]:
    """Yield everything that stands under *key*, at any depth."""
    if isinstance(value, dict):
        if key in value:
            yield value[key]
        for part in value.values():
            yield from find(part, key)
    elif isinstance(value, list):
        for part in value:
            yield from find(part, key)


def flat(table: dict[str, Any]) -> list[tuple[str, Any]]:
    """Return the keys and values of *table* and of the tables in it."""
    found: list[tuple[str, Any]] = []
    for key, value in table.items():
        found += flat(value) if isinstance(value, dict) else [(key, value)]
    return found


if __name__ == "__main__":
    (_REPOSITORY / "docs" / "operators" / "settings.md").write_text(
        settings_reference(_SECTIONS, AppSettings)
    )


def test_the_schema_lets_an_editor_take_what_the_settings_take() -> None:
    class Open(BaseModel):
        model_config = ConfigDict(extra="allow")
        name: str = ""

    class Shares(RootModel[dict[str, int]]):
        """Only a table of any keys."""

    class Own(BaseModel):
        every: timedelta = timedelta(hours=2)
        pauses: list[timedelta] = []
        size: int = Field(1, alias="sizeInBytes")
        open: Open = Open()
        shares: Shares = Shares({})

    schema = json_schema(application=Own)

    definitions = schema["$defs"]
    own = next(one for one in find(schema, "properties") if "sizeInBytes" in one)
    assert own["every"]["type"] == ["string", "number"]
    assert own["pauses"]["items"]["type"] == ["string", "number"]
    assert "size" in own
    assert definitions["Open"]["additionalProperties"] is True
    assert definitions["Shares"]["additionalProperties"] == {"type": "integer"}
