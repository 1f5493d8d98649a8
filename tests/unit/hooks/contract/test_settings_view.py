"""What a plugin reads of the settings, and what it does not."""

from __future__ import annotations

import pickle
from typing import TYPE_CHECKING

import pytest
from pydantic import BaseModel, SecretStr

from sst.testing import a_run, some_settings

if TYPE_CHECKING:
    from sst.hooks.contract.settings_view import SettingsView

SECRET = "hunter2-hunter2"


class Server(BaseModel):
    """One of a list."""

    host: str
    token: SecretStr = SecretStr(SECRET)


class Mail(BaseModel):
    """A table."""

    host: str = "localhost"
    password: SecretStr = SecretStr(SECRET)


class AppSettings(BaseModel):
    """A team's own settings."""

    max_upload_mb: int = 20
    mail: Mail = Mail()
    servers: tuple[Server, ...] = (Server(host="a"),)
    by_name: dict[str, Server] = {"b": Server(host="b")}
    passwords: dict[str, SecretStr] = {"c": SecretStr(SECRET)}


@pytest.fixture
def settings() -> SettingsView:
    """Return a view of settings with secrets at every depth."""
    return some_settings(AppSettings(), debug=True, operations_token=SECRET)


def test_core_and_application_are_read_by_their_names(settings: SettingsView) -> None:
    assert settings.debug is True
    assert settings.migrate.lock_timeout == 2.0
    assert settings.app.max_upload_mb == 20
    assert settings.app.mail.host == "localhost"
    assert [each.host for each in settings.app.servers] == ["a"]
    assert settings.app.by_name["b"].host == "b"


@pytest.mark.parametrize(
    ("read", "name"),
    [
        (lambda settings: settings.operations_token, "OPERATIONS_TOKEN"),
        (lambda settings: settings.database_url, "DATABASE_URL"),
        (lambda settings: settings.app.mail.password, "APP__MAIL__PASSWORD"),
        (lambda settings: settings.app.servers[0].token, "APP__SERVERS__TOKEN"),
        (lambda settings: settings.app.by_name["b"].token, "APP__BY_NAME__B__TOKEN"),
        (lambda settings: settings.app.passwords, "APP__PASSWORDS"),
    ],
)
def test_secret_is_not_read_and_the_way_on_is_named(
    settings: SettingsView, read: object, name: str
) -> None:
    assert callable(read)

    with pytest.raises(AttributeError, match=f"{name} is a secret, .* plugin's own") as caught:
        read(settings)

    assert SECRET not in str(caught.value)


def test_unknown_name_brings_the_nearest(settings: SettingsView) -> None:
    with pytest.raises(AttributeError, match=r"APP__MAX_UPLOAD; did you mean 'max_upload_mb'"):
        _ = settings.app.max_upload


def test_view_changes_nothing_and_shows_no_value(settings: SettingsView) -> None:
    with pytest.raises(AttributeError, match="only read"):
        settings.debug = False
    with pytest.raises(TypeError, match="not pickled"):
        pickle.dumps(settings)
    assert SECRET not in repr(settings)
    assert SECRET not in repr(settings.app)


def test_run_of_a_test_has_settings_too() -> None:
    assert a_run().settings.log_level == "INFO"
    assert a_run(settings=some_settings(AppSettings())).settings.app.max_upload_mb == 20
