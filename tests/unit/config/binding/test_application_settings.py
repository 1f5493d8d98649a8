"""The application's own settings have what the core's have: sources, names, problems, secrets."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest
from pydantic import BaseModel, Field, SecretStr

from sst.config import PluginValue
from sst.config.show import views
from sst.errors import UsageError

if TYPE_CHECKING:
    from tests.unit.config.conftest import Site


class Mail(BaseModel):
    """A table inside."""

    host: str = Field("localhost", description="The server that sends.")
    port: int = 25
    password: SecretStr | None = None


class AppSettings(BaseModel):
    """What a team might have."""

    max_upload_mb: int = Field(10, ge=1, description="The largest file.")
    mail: Mail = Mail(host="mail.example")


FILE = """
    [default]
    app_settings = "app.settings:AppSettings"
    {default}
    [development]
    protected = false
    {development}
    [production]
"""


def write(site: Site, default: str = "", development: str = "") -> None:
    """Write settings.toml with lines below `[default]` and `[development]`."""
    site.settings(FILE.format(default=default, development=development))


@pytest.fixture
def team(site: Site) -> Site:
    """Return a project with settings of its own."""
    site.application = AppSettings
    write(site)
    return site


def own(site: Site) -> Any:  # noqa: ANN401 - whichever model
    """Return the application's settings."""
    return site.load().application


def test_without_a_source_the_defaults_of_the_model_are_in_force(team: Site) -> None:
    assert own(team) == AppSettings()


def test_each_source_beats_the_one_before(team: Site) -> None:
    seen = []
    key = "app.max_upload_mb"

    def note() -> None:
        seen.append((own(team).max_upload_mb, team.sources_of()["APP__MAX_UPLOAD_MB"]))

    write(team, f"{key} = 11")
    note()
    write(team, f"{key} = 11", f"{key} = 12")
    note()
    team.secrets(f"[development]\n{key} = 13\n")
    note()
    team.write("settings.local.toml", f"[default]\n{key} = 14\n")
    note()
    team.write(".env", "APP__MAX_UPLOAD_MB=15\n")
    note()
    team.values = [PluginValue("app.max_upload_mb", "16", "store")]
    note()
    team.write("upload", "17\n")
    team.environ["APP__MAX_UPLOAD_MB_FILE"] = "upload"
    note()
    team.environ["APP__MAX_UPLOAD_MB"] = "18"
    note()
    team.overrides = ["app.max_upload_mb=19"]
    note()

    assert seen == [
        (11, "settings.toml:3 [default]"),
        (12, "settings.toml:6 [development]"),
        (13, ".secrets.toml:2 [development]"),
        (14, "settings.local.toml:2 [default]"),
        (15, ".env APP__MAX_UPLOAD_MB"),
        (16, "plugin store"),
        (17, "environment APP__MAX_UPLOAD_MB_FILE"),
        (18, "environment APP__MAX_UPLOAD_MB"),
        (19, "--set APP__MAX_UPLOAD_MB"),
    ]


def test_a_table_is_merged_key_by_key_over_the_default_of_the_model(team: Site) -> None:
    write(team, "app.mail.port = 26")
    team.environ["APP__MAIL__PASSWORD"] = "hunter2-canary"

    mail = own(team).mail

    assert (mail.host, mail.port) == ("mail.example", 26)
    assert mail.password.get_secret_value() == "hunter2-canary"


def test_a_table_that_a_factory_makes_is_merged_too(team: Site) -> None:
    class Model(BaseModel):
        mail: Mail = Field(default_factory=lambda: Mail(host="made.example"))

    team.application = Model
    team.environ["APP__MAIL__PORT"] = "26"

    assert own(team) == Model(mail=Mail(host="made.example", port=26))
    assert views.explain(team.load(), "app.mail.host").default == "made.example"


def test_a_table_that_may_be_missing_is_made_by_its_first_key(team: Site) -> None:
    class Model(BaseModel):
        mail: Mail | None = None

    team.application = Model

    assert own(team) == Model(mail=None)
    team.environ["APP__MAIL__PORT"] = "26"
    assert own(team) == Model(mail=Mail(port=26))


def test_the_missing_keys_of_a_required_table_are_named(team: Site) -> None:
    class Server(BaseModel):
        host: str
        key: SecretStr
        port: int = 1

    class Model(BaseModel):
        server: Server
        mail: Mail

    team.application = Model

    assert [str(one) for one in team.problems()] == [
        (
            "APP__SERVER__HOST: is required and has no value "
            "-> set APP__SERVER__HOST, APP__SERVER__HOST_FILE or app.server.host"
        ),
        (
            "APP__SERVER__KEY: is required and has no value "
            "-> set APP__SERVER__KEY, APP__SERVER__KEY_FILE or app.server.key"
        ),
    ]
    assert [one.subject for one in team.problems(assume_secrets=True)] == ["APP__SERVER__HOST"]
    team.environ |= {"APP__SERVER__HOST": "h", "APP__SERVER__KEY": "k"}
    assert own(team).mail == Mail()


def test_every_problem_is_told_at_once_with_its_place_and_what_was_meant(team: Site) -> None:
    write(team, "app.max_upload_mb = 0\napp.mail.prot = 26\nMAX_UPLOAD_MB = 50")
    team.environ |= {"APP__MAX_UPLOAD": "3", "APP__MAIL__PORT": "x"}

    assert [str(one) for one in team.problems()] == [
        (
            "app.mail.prot: is not a setting [settings.toml:4 [default]] "
            "-> did you mean 'app.mail.port'?"
        ),
        (
            "MAX_UPLOAD_MB: is not a setting [settings.toml:5 [default]] "
            "-> did you mean 'APP__MAX_UPLOAD_MB'?"
        ),
        (
            "APP__MAX_UPLOAD: is not a setting [environment APP__MAX_UPLOAD] "
            "-> did you mean 'APP__MAX_UPLOAD_MB'?"
        ),
        "APP__MAX_UPLOAD_MB: should be greater than or equal to 1 [settings.toml:3 [default]]",
        (
            "APP__MAIL__PORT: should be a valid integer, unable to parse string as an integer "
            "[environment APP__MAIL__PORT]"
        ),
    ]


def test_a_whole_table_in_a_variable_is_refused_as_for_the_core(team: Site) -> None:
    team.environ["APP__MAIL"] = '{"password": "hunter2-canary"}'

    [problem] = team.problems()

    assert "set one of its keys, such as APP__MAIL__PASSWORD" in str(problem)
    assert "hunter2-canary" in team.open().secrets


@pytest.mark.parametrize("name", ["app.mail.host", "APP__MAIL__HOST", "app__mail__host"])
def test_either_spelling_explains_a_setting(team: Site, name: str) -> None:
    team.environ["APP__MAIL__HOST"] = "other.example"

    found = views.explain(team.load(), name)

    assert replace(found, voices=()) == views.Explained(
        name="APP__MAIL__HOST",
        key="app.mail.host",
        value="other.example",
        description="The server that sends.",
        type="text",
        default="mail.example",
        plugin=None,
        owner="the application",
        voices=(),
    )
    assert [(one.value, one.source) for one in found.voices] == [
        ("other.example", "environment APP__MAIL__HOST")
    ]


def test_a_misspelt_name_to_explain_is_told_the_nearest(team: Site) -> None:
    with pytest.raises(UsageError, match="APP__MAIL__HOST"):
        views.explain(team.load(), "app.mail.hots")


def test_without_a_model_the_section_is_unknown_and_the_hint_says_what_to_write(
    site: Site,
) -> None:
    site.settings("[default.app]\nmax_upload_mb = 5\n[development]\n")

    assert [str(one) for one in site.problems()] == [
        (
            "app.max_upload_mb: is not a setting [settings.toml:2 [default]] -> "
            'write app_settings = "app.settings:AppSettings", their model, below [default]'
        )
    ]


def test_without_a_model_a_variable_is_a_warning(site: Site) -> None:
    site.environ["APP__MAX_UPLOAD_MB"] = "5"

    assert site.load().warnings == (
        (
            "environment APP__MAX_UPLOAD_MB is not read: app_settings names no model of the "
            "application's settings"
        ),
    )


def test_a_setting_of_a_team_at_the_top_is_told_where_it_belongs(site: Site) -> None:
    site.settings("[default]\nMAX_UPLOAD_MB = 50\n[development]\n")

    assert [str(one) for one in site.problems()] == [
        (
            "MAX_UPLOAD_MB: is not a setting [settings.toml:2 [default]] "
            "-> a setting of your own belongs below [default.app]"
        )
    ]
