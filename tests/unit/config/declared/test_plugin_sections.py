"""The settings of plugins: found, validated, frozen out when they are not enabled."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from pydantic import (
    BaseModel,
    ConfigDict,
    Field,
    SecretStr,
    create_model,
    field_validator,
    model_validator,
)

from sst.config import PluginValue
from sst.errors import ConfigError

if TYPE_CHECKING:
    from tests.unit.config.conftest import Site


class Bucket(BaseModel):
    """A table inside a plugin's section."""

    name: str = "b"
    region: str = "eu"


class Backup(BaseModel):
    """Neither frozen nor strict about unknown keys: a plugin's author may forget both."""

    directory: str = "backups"
    keep: int = Field(3, ge=1)
    bucket: Bucket = Bucket()


class Vault(BaseModel):
    """A plugin that needs a secret."""

    address: str
    token: SecretStr


class Careful(BaseModel):
    """A model whose validators quote what they were given."""

    token: SecretStr | None = None
    label: str = ""

    @field_validator("token")
    @classmethod
    def _check_token(cls, token: SecretStr | None) -> SecretStr | None:
        if token is not None and "bad" in token.get_secret_value():
            raise ValueError(f"{token.get_secret_value()[:12]} is bad")
        return token

    @model_validator(mode="after")
    def _check_all(self) -> Careful:
        if self.label == "loud" and self.token:
            raise ValueError(f"{self.token.get_secret_value()} may not be loud")
        if self.label == "crash":
            raise RuntimeError(f"a bug with {self.token}")
        return self


def enable(site: Site, **sections: type[BaseModel]) -> Site:
    """Enable plugins, each with its model."""
    listed = ", ".join(f'"{name}"' for name in sections)
    site.settings(f"[default.plugins]\nenabled = [{listed}]\n[development]\n[production]\n")
    site.sections.update(sections)
    return site


def test_section_is_bound_from_every_source(site: Site) -> None:
    enable(site, backup=Backup)
    site.write("settings.local.toml", "[default.plugins.backup]\nkeep = 7\n")
    site.environ["PLUGINS__BACKUP__DIRECTORY"] = "/elsewhere"
    site.overrides.append("plugins.backup.bucket.region=us")

    found = site.load().plugin_settings["backup"]

    assert found == Backup(directory="/elsewhere", keep=7, bucket=Bucket(region="us"))


def test_name_with_a_dash_is_spelled_with_an_underscore(site: Site) -> None:
    site.settings("""
        [development.plugins]
        enabled = ["my-backup"]
        [development.plugins.my-backup]
        keep = 7
    """)
    site.sections["my-backup"] = Backup
    site.environ["PLUGINS__MY_BACKUP__DIRECTORY"] = "x"

    found = site.load().plugin_settings["my-backup"]

    assert found == Backup(directory="x", keep=7)


@pytest.mark.parametrize(
    ("line", "subject", "hint"),
    [
        ("directry = 'x'", "plugins.backup.directry", "'plugins.backup.directory'"),
        ("bucket.nam = 'x'", "plugins.backup.bucket.nam", "'plugins.backup.bucket.name'"),
        ("bucket = 'x'", "plugins.backup.bucket", "PLUGINS__BACKUP__BUCKET__NAME"),
    ],
)
def test_unknown_key_is_a_problem_whatever_the_model_says(
    site: Site, line: str, subject: str, hint: str
) -> None:
    enable(site, backup=Backup)
    site.write("settings.local.toml", f"[default.plugins.backup]\n{line}\n")

    (problem,) = site.problems()

    assert (problem.subject, problem.source) == (subject, "settings.local.toml:2 [default]")
    assert hint in problem.hint


def test_wrong_value_names_setting_and_source(site: Site) -> None:
    enable(site, backup=Backup)
    site.environ["PLUGINS__BACKUP__KEEP"] = "0"

    (problem,) = site.problems()

    assert problem.subject == "PLUGINS__BACKUP__KEEP"
    assert problem.what == "should be greater than or equal to 1"


def test_every_missing_value_is_named(site: Site) -> None:
    enable(site, vault=Vault)

    problems = site.problems()

    assert [problem.subject for problem in problems] == [
        "PLUGINS__VAULT__ADDRESS",
        "PLUGINS__VAULT__TOKEN",
    ]
    assert "PLUGINS__VAULT__TOKEN_FILE" in problems[1].hint


def test_missing_secret_may_be_assumed(site: Site) -> None:
    enable(site, vault=Vault)
    site.environ["PLUGINS__VAULT__ADDRESS"] = "https://vault"

    configuration = site.load(assume_secrets=True)

    assert "vault" not in configuration.plugin_settings


def test_plugin_without_settings_takes_none(site: Site) -> None:
    site.settings("""
        [development.plugins]
        enabled = ["health_check"]
        [development.plugins.health_check]
        x = 1
    """)

    (problem,) = site.problems()

    assert problem.what == "the plugin 'health_check' has no settings"


def test_section_of_a_plugin_enabled_elsewhere_may_stay(site: Site) -> None:
    site.settings("""
        [default.plugins.backup]
        keep = 7
        [development]
        [production.plugins]
        enabled = ["backup"]
    """)

    assert site.load().settings.plugins.enabled == ()


def test_section_of_a_known_plugin_may_stay(site: Site) -> None:
    site.settings("[default.plugins.backup]\nkeep = 7\n[development]\n")

    assert site.load(known=["backup"]).plugin_settings == {}


@pytest.mark.parametrize(
    "name", ["redis_url", "env", "items", "keys", "get", "store", "loaders", "encoding", "secrets"]
)
def test_names_of_dynaconf_itself_are_ordinary(site: Site, name: str) -> None:
    """As keyword arguments of Dynaconf they vanish, or switch the environment."""
    enable(site, odd=create_model("Odd", **{name: (str, "")}))  # type: ignore[call-overload]
    site.write("settings.local.toml", f'[default.plugins.odd]\n{name} = "mine"\n')

    found = site.load().plugin_settings["odd"]

    assert getattr(found, name) == "mine"
    assert site.load().environment == "development"


@pytest.mark.parametrize("name", ["items", "keys", "get", "store", "env", "values"])
def test_plugins_may_be_called_like_anything(site: Site, name: str) -> None:
    enable(site, **{name: Backup})
    site.write("settings.local.toml", f"[default.plugins.{name}]\nkeep = 7\n")

    assert site.load().plugin_settings[name] == Backup(keep=7)


def test_field_with_an_alias_is_set_by_its_name(site: Site) -> None:
    class Aliased(BaseModel):
        model_config = ConfigDict(extra="forbid")
        directory: str = Field("x", alias="dir")

    enable(site, aliased=Aliased)
    site.environ["PLUGINS__ALIASED__DIRECTORY"] = "mine"

    assert getattr(site.load().plugin_settings["aliased"], "directory", "") == "mine"


def test_validator_cannot_print_a_secret(site: Site) -> None:
    enable(site, careful=Careful)
    site.environ["PLUGINS__CAREFUL__TOKEN"] = "hunter2-bad-canary"

    (problem,) = site.problems()

    assert problem.what == "was refused by its validator"
    assert "hunter2" not in str(problem)


def test_validator_of_the_whole_cannot_print_a_secret(site: Site) -> None:
    enable(site, careful=Careful)
    site.environ |= {
        "PLUGINS__CAREFUL__TOKEN": "hunter2-canary",
        "PLUGINS__CAREFUL__LABEL": "loud",
    }

    (problem,) = site.problems()

    assert problem.subject == "plugins.careful"
    assert problem.what == "******** may not be loud"


def test_crash_of_a_validator_is_a_problem_of_the_plugin(site: Site) -> None:
    enable(site, careful=Careful)
    site.environ |= {"PLUGINS__CAREFUL__LABEL": "crash", "DEBUG": "maybe"}

    problems = site.problems()

    assert [problem.subject for problem in problems] == ["DEBUG", "plugins.careful"]
    assert problems[1].what == "the validator of Careful raised RuntimeError"
    assert __file__ in problems[1].source


def test_section_can_be_read_before_the_rest(site: Site) -> None:
    """A secret store needs its own settings first."""
    enable(site, vault=Vault)
    site.environ |= {
        "PLUGINS__VAULT__ADDRESS": "https://vault",
        "PLUGINS__VAULT__TOKEN": "t",
        "DEBUG": "maybe",
    }

    vault = site.open().section("vault", Vault)

    assert vault.address == "https://vault"


def test_wrong_section_reports_its_own_problems_only(site: Site) -> None:
    enable(site, vault=Vault)
    site.environ |= {
        "PLUGINS__VAULT__ADRESS": "https://vault",
        "PLUGINS__VAULT__TOKEN": "t",
        "DEBUG": "maybe",
    }

    with pytest.raises(ConfigError) as caught:
        site.open().section("vault", Vault)

    assert [problem.subject for problem in caught.value.problems] == [
        "PLUGINS__VAULT__ADRESS",
        "PLUGINS__VAULT__ADDRESS",
    ]


def test_wanted_names_what_no_stronger_source_gives(site: Site) -> None:
    enable(site, backup=Backup)
    site.write("settings.local.toml", "[default]\nREDIS_URL = 'redis://x'\n")
    site.environ["DATABASE_URL"] = "postgresql://x"

    wanted = site.open().wanted(site.sections)

    assert {"REDIS_URL", "PLUGINS__BACKUP__DIRECTORY", "MIGRATE__LOCK_WAIT"} <= set(wanted)
    assert not {"DATABASE_URL", "PLUGINS__ENABLED"} & set(wanted)
    assert set(site.open().wanted()) < set(wanted)


@pytest.mark.parametrize(
    ("name", "value", "what"),
    [
        ("DATABSE_URL", "x", "is not a setting"),
        ("PLUGINS__ENABLED", "evil", "cannot come from a plugin"),
        ("PLUGINS__NOTIFY__URL", "x", "the plugin 'notify' is not enabled"),
        ("DB_POOL_SIZE", "many", "should be a valid integer"),
        ("DATABASE_URL", 5, "is not a text"),
    ],
)
def test_wrong_value_of_a_plugin_names_the_plugin(
    site: Site, name: str, value: object, what: str
) -> None:
    site.values.append(PluginValue(name, value, "vault"))  # type: ignore[arg-type]

    (problem,) = site.problems()

    assert (problem.subject, problem.source) == (name, "plugin vault")
    assert what in problem.what


def test_first_of_two_stores_wins(site: Site) -> None:
    site.values += [
        PluginValue("REDIS_URL", "redis://first", "vault"),
        PluginValue("REDIS_URL", "redis://second", "ssm"),
    ]

    assert site.sources_of()["REDIS_URL"] == "plugin vault"


def test_settings_of_a_broken_plugin_are_not_judged(site: Site) -> None:
    """The plugin's own error is reported; its settings may well be right."""
    site.settings("""
        [development.plugins]
        enabled = ["broken"]
        [development.plugins.broken]
        x = 1
    """)
    site.environ["PLUGINS__BROKEN__Y"] = "1"
    site.overrides.append("PLUGINS__BROKEN__Z=1")

    configuration = site.open().bind({}, unread_plugins=["broken"])

    assert configuration.settings.plugins.enabled == ("broken",)


def test_dash_and_underscore_are_one_key_in_every_section(site: Site) -> None:
    site.settings("""
        [default.plugins.my-backup]
        keep = 7
        [development.plugins]
        enabled = ["my_backup"]
        [development.plugins.my_backup]
        keep = 8
    """)
    site.write("settings.local.toml", "[default.plugins.my-backup]\nkeep = 9\n")
    site.sections["my_backup"] = Backup

    assert site.load().plugin_settings["my_backup"] == Backup(keep=9)


def test_field_may_declare_that_its_name_misleads(site: Site) -> None:
    """The names of secrets are to be seen; a value of a secret's type stays one."""

    class Store(BaseModel):
        secrets: dict[str, str] = Field({}, json_schema_extra={"secret": False})
        tokens: dict[str, str] = {}
        key: SecretStr = Field(SecretStr("k"), json_schema_extra={"secret": False})

    site.sections = {"store": Store}

    found = {entry.setting.key: entry.setting.is_secret for entry in site.load().entries}

    assert {key: found[f"plugins.store.{key}"] for key in ("secrets", "tokens", "key")} == {
        "secrets": False,
        "tokens": True,
        "key": True,
    }
