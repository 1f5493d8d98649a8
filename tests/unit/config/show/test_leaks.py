"""A canary in every secret, from every source, in every form in which values leave."""

from __future__ import annotations

import copy
import json
import pickle
import traceback
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

import pytest
from pydantic import BaseModel, SecretStr

from sst.cli import config as command
from sst.config import PluginValue, open_sources
from sst.config.binding.values_by_setting import secret_texts
from sst.config.declared.catalog import build_catalog
from sst.config.show.checking import Project, check
from sst.config.show.views import diff, explain, show
from sst.errors import ConfigError

if TYPE_CHECKING:
    from collections.abc import Callable

    from sst.config import Configuration
    from tests.unit.config.conftest import Site

CANARY = "hunter2-canary"


class Notify(BaseModel):
    """Secrets by type, by name, in a list and in a table; neither frozen nor careful."""

    url: SecretStr | None = None
    api_token: str = ""
    passwords: tuple[SecretStr, ...] = ()
    secret_headers: dict[str, str] = {}
    endpoint: str = ""
    number: int = 0


_PLACES = (
    ("DATABASE_URL", f"postgresql://app:{CANARY}@db:5432/sst"),
    ("DATABASE_URL", f"postgresql://app@db/sst?password={CANARY}"),
    ("DATABASE_URL", CANARY),
    ("MIGRATION_DATABASE_URL", f"postgresql://app:{CANARY}@with@db/sst"),
    ("REDIS_URL", f"redis://:{CANARY}@redis:6379/0"),
    ("OPERATIONS_TOKEN", CANARY),
    ("PLUGINS__NOTIFY__URL", f"https://hooks/{CANARY}"),
    ("PLUGINS__NOTIFY__API_TOKEN", CANARY),
    ("PLUGINS__NOTIFY__PASSWORDS", f'["{CANARY}"]'),
    ("PLUGINS__NOTIFY__SECRET_HEADERS", f'{{"X-Key": "{CANARY}"}}'),
    ("PLUGINS__NOTIFY__ENDPOINT", f"https://u:{CANARY}@host/path"),
)
_SOURCES = ("environment", "file", "dotenv", "plugin", "--set", "secrets")


def give(site: Site, source: str, name: str, text: str) -> None:
    """Let *source* say that *name* is *text*."""
    if source == "environment":
        site.environ[name] = text
    elif source == "file":
        (site.root / "secret").write_text(text)
        site.environ[f"{name}_FILE"] = "secret"
    elif source == "dotenv":
        site.write(".env", f"{name}='{text}'\n")
    elif source == "plugin":
        site.values.append(PluginValue(name, text, "vault"))
    elif source == "--set":
        site.overrides.append(f"{name}={text}")
    else:
        *table, key = name.lower().split("__")
        value = text if text.startswith("[") else f"'{text}'"
        value = f'{{X-Key = "{CANARY}"}}' if text.startswith("{") else value
        site.secrets(f"[{'.'.join(['default', *table])}]\n{key} = {value}\n")


@pytest.fixture
def notifying(site: Site) -> Site:
    """Return a project with the plugin `notify`."""
    site.settings('[default.plugins]\nenabled = ["notify"]\n[development]\n[production]\n')
    site.sections["notify"] = Notify
    return site


def everything(site: Site, configuration: Configuration) -> dict[str, Any]:
    """Return every form in which a loaded configuration may be printed."""
    found: dict[str, Any] = {
        "configuration": configuration,
        "sources": site.open(),
        "values": site.values,
        "settings": configuration.settings,
        "settings as text": str(configuration.settings),
        "settings as JSON": configuration.settings.model_dump_json(),
        "settings as dict": configuration.settings.model_dump(),
        "entries": configuration.entries,
        "shown": command.render_show(show(configuration), with_sources=True),
        "shown as JSON": json.dumps(command.to_json(show(configuration))),
    }
    for entry in configuration.entries:
        told = explain(configuration, entry.setting.name)
        found[f"explain {entry.setting.name}"] = command.render_explain(told)
        found[f"explain {entry.setting.name} as JSON"] = command.to_json(told)
    return found


@pytest.mark.parametrize(("name", "text"), _PLACES)
@pytest.mark.parametrize("source", _SOURCES)
def test_secret_is_in_no_output(notifying: Site, source: str, name: str, text: str) -> None:
    give(notifying, source, name, text)

    configuration = notifying.load()

    assert configuration.secrets
    assert any(CANARY in secret for secret in configuration.secrets)
    for form, value in everything(notifying, configuration).items():
        assert CANARY not in f"{value!r} {value}", form


@pytest.mark.parametrize(("name", "text"), _PLACES)
@pytest.mark.parametrize("source", _SOURCES)
def test_secret_is_in_no_error(notifying: Site, source: str, name: str, text: str) -> None:
    """Not in the problem beside it, nor in the traceback, nor in the locals of its frames."""
    give(notifying, source, name, text)
    notifying.environ["PLUGINS__NOTIFY__NUMBER"] = "many"
    error = caught(notifying.load)

    rendered = "".join(
        traceback.TracebackException.from_exception(
            own_frames(error), capture_locals=True
        ).format()
    )

    assert error.problems[0].subject == "PLUGINS__NOTIFY__NUMBER"
    assert error.__context__ is None
    assert error.__cause__ is None
    for form in (str(error), repr(error), repr(error.problems), rendered):
        assert CANARY not in form


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("PLUGINS__NOTIFY__PASSWORDS", f"[{CANARY}"),
        ("PLUGINS__NOTIFY__SECRET_HEADERS", CANARY),
        ("PLUGINS__NOTIFY__SECRET_HEADERS", f'{{"a": ["{CANARY}"]}}'),
        ("PLUGINS__NOTIFY__NUMBER", CANARY),
        ("DEBUG", CANARY),
        ("LOG_LEVEL", CANARY),
        ("DB_POOL_SIZE", CANARY),
        ("MIGRATE__LOCK_WIAT", CANARY),
        ("PLUGINS__NOTIFY__ULR", CANARY),
        ("PLUGINS__NOTIFI__TOKEN", CANARY),
    ],
)
@pytest.mark.parametrize("source", ["environment", "file", "dotenv", "plugin", "--set"])
def test_wrong_value_is_not_quoted(notifying: Site, source: str, name: str, text: str) -> None:
    """It may be a password under the wrong name."""
    give(notifying, source, name, text)
    error = caught(notifying.load)

    rendered = "".join(
        traceback.TracebackException.from_exception(
            own_frames(error), capture_locals=True
        ).format()
    )

    assert CANARY not in str(error) + rendered


def test_opening_does_not_leave_the_environment_in_a_frame(site: Site) -> None:
    """A crash reporter that keeps local variables would send all of them away."""
    site.environ |= {"OPERATIONS_TOKEN": CANARY, "ENVIRONMENT": "prodution"}
    environ, overrides = Hidden(site.environ), HiddenList([f"OPERATIONS_TOKEN={CANARY}"])
    root = site.root

    error = caught(lambda: open_sources(root, environ=environ, overrides=overrides))

    rendered = "".join(
        traceback.TracebackException.from_exception(error, capture_locals=True).format()
    )
    assert "open_sources" in rendered
    assert CANARY not in rendered


@pytest.mark.parametrize("pick", ["configuration", "settings", "word", "sources", "file"])
def test_nothing_with_a_secret_is_pickled(site: Site, pick: str) -> None:
    site.secrets(f'[default]\nOPERATIONS_TOKEN = "{CANARY}"\n')
    configuration, sources = site.load(), site.open()
    token = next(e for e in configuration.entries if e.setting.name == "OPERATIONS_TOKEN")
    values = {
        "configuration": configuration,
        "settings": configuration.settings,
        "word": token.source_values[0],
        "sources": sources,
        "file": sources.files[1],
    }

    with pytest.raises(TypeError, match="not pickled") as raised:
        pickle.dumps(values[pick])

    assert CANARY not in str(raised.value)


class Server(BaseModel):
    """A secret inside a list inside a model."""

    key: SecretStr


class Fleet(BaseModel):
    """Nothing secret itself, but for what it has in it."""

    servers: list[Server] = []
    api_token: str = ""


def test_settings_of_a_plugin_are_not_pickled(site: Site) -> None:
    site.settings('[default.plugins]\nenabled = ["fleet"]\n[development]\n')
    site.secrets(
        f'[default.plugins.fleet]\nservers = [{{ key = "{CANARY}" }}]\napi_token = "{CANARY}"\n'
    )
    site.sections["fleet"] = Fleet
    fleet: Any = site.load().plugin_settings["fleet"]

    for value in (fleet, fleet.servers[0], [fleet], {"held": fleet}):
        with pytest.raises(TypeError, match="not pickled") as raised:
            pickle.dumps(value)
        assert CANARY not in str(raised.value)

    assert copy.copy(fleet) == copy.deepcopy(fleet) == fleet.model_copy(deep=True) == fleet
    assert CANARY not in f"{fleet!r} {fleet} {fleet.servers[0].model_dump_json()}"


def test_settings_without_a_secret_are_pickled(site: Site) -> None:
    """A plugin may hand them to a process of its own."""
    site.settings('[default.plugins]\nenabled = ["plain"]\n[development]\n')
    site.sections["plain"] = Plain

    plain = site.load().plugin_settings["plain"]

    assert pickle.loads(pickle.dumps(plain)) == plain  # noqa: S301 - our own


class Plain(BaseModel):
    """No secret in it."""

    number: int = 7


def test_copies_stay_safe(site: Site) -> None:
    site.environ["OPERATIONS_TOKEN"] = CANARY

    settings = copy.copy(site.load().settings)

    assert CANARY not in repr(settings)


def test_difference_of_secrets_shows_masks(notifying: Site) -> None:
    notifying.settings(f"""
        [default.plugins]
        enabled = ["notify"]
        [development]
        OPERATIONS_TOKEN = "{CANARY}-one"
        DATABASE_URL = "postgresql://app:{CANARY}-one@db/sst"
        [production]
        OPERATIONS_TOKEN = "{CANARY}-two"
        DATABASE_URL = "postgresql://app:{CANARY}-two@db/sst"
    """)
    project = Project(
        notifying.root,
        lambda sources: sources.bind({"notify": Notify}),
        lambda sources: sources.bind({"notify": Notify}),
        environ={},
    )

    found = diff(project, "development", "production")

    assert {one.name for one in found.differences} == {"OPERATIONS_TOKEN", "DATABASE_URL"}
    assert all(one.is_secret for one in found.differences)
    assert CANARY not in f"{found} {command.render_diff(found)} {asdict(found)}"
    checked = check(project, names=["development", "production"])
    assert CANARY not in f"{checked} {command.render_check(checked)} {command.to_json(checked)}"


def caught(load: Callable[[], Any]) -> ConfigError:
    """Return the error that *load* raises."""
    with pytest.raises(ConfigError) as raised:
        load()
    return raised.value


def own_frames(error: ConfigError) -> ConfigError:
    """Return *error* with the frames of the application only: a test's own hold the canary."""
    frame = error.__traceback__
    while frame is not None and "/sst/config/" not in frame.tb_frame.f_code.co_filename:
        frame = frame.tb_next
    assert frame is not None
    return error.with_traceback(frame)


class Hidden(dict[str, str]):
    """Variables that print as nothing, so that only the application's copies could leak."""

    def __repr__(self) -> str:
        return "{}"


class HiddenList(list[str]):
    """Overrides that print as nothing."""

    def __repr__(self) -> str:
        return "[]"


def test_number_in_a_table_of_secrets_is_none() -> None:
    """A port that is masked would mask every 22 of a log."""
    table = build_catalog({"notify": Notify}).names["PLUGINS__NOTIFY__SECRET_HEADERS"]

    assert secret_texts(table, {"port": 22, "retries": 2.5, "key": CANARY}) == {CANARY}
    # As a file gives it, key by key.
    assert secret_texts(table, 22) == frozenset()


def test_password_of_digits_is_a_secret() -> None:
    token = build_catalog({"notify": Notify}).names["PLUGINS__NOTIFY__API_TOKEN"]

    assert secret_texts(token, 12345678) == {"12345678"}


@pytest.mark.parametrize("place", ["secrets", "settings", "file", "environment"])
def test_a_secret_that_another_source_overrules_is_masked_all_the_same(
    site: Site, place: str
) -> None:
    """It is a password still: of last week, or of another server."""
    url = f"postgresql://app:{CANARY}@db:5432/sst"
    if place == "secrets":
        site.secrets(f'[default]\nDATABASE_URL = "{url}"\n')
    elif place == "settings":
        site.settings(f'[default]\nDATABASE_URL = "{url}"\n[development]\n')
    elif place == "file":
        site.write("url", url)
        site.environ["DATABASE_URL_FILE"] = str(site.root / "url")
    else:
        site.environ["DATABASE_URL"] = url
    overruling = "DATABASE_URL=postgresql://app:other@db/sst"
    if place == "environment":
        site.overrides.append(overruling)
    else:
        site.environ["DATABASE_URL"] = overruling.partition("=")[2]

    configuration = site.load()

    assert {CANARY, "other"} <= configuration.secrets
    assert CANARY not in repr(explain(configuration, "DATABASE_URL"))
