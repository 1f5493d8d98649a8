"""Other settings for a test, on the project of this repository."""

from __future__ import annotations

import asyncio
import threading
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from fastapi import APIRouter
from fastapi.testclient import TestClient

from app.settings import settings
from sst.errors import ConfigError, UsageError
from sst.runtime import open_runtime
from sst.testing import override_settings, override_settings_fixture
from sst.web import create_app

if TYPE_CHECKING:
    from collections.abc import Iterator

    from sst.runtime import Runtime
    from sst.testing.settings import Override

# A conftest.py takes it by `pytest_plugins = ["sst.testing"]`.
override_settings_of_the_kit = override_settings_fixture
ROOT = Path(__file__).parents[3]
pytestmark = pytest.mark.usefixtures("development")


@pytest.fixture
def development(monkeypatch: pytest.MonkeyPatch) -> None:
    """Read this repository's own settings, whatever the shell has exported."""
    for name in ("ENVIRONMENT", "DATABASE_URL", "PLUGINS__ENABLED", "APP__PAGE_SIZE"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("ENV_FOR_DYNACONF", "development")
    monkeypatch.chdir(ROOT)


@pytest.fixture
def runtime() -> Iterator[Runtime]:
    """Return the runtime of an application."""
    with open_runtime(ROOT) as opened:
        yield opened


def test_values_hold_for_the_block_and_are_taken_back() -> None:
    before = settings.app.page_size

    with override_settings(app__page_size=1, debug=True, migrate__lock_wait=0):
        within = (settings.app.page_size, settings.debug, settings.migrate.lock_wait)

    assert within == (1, True, 0.0)
    assert (settings.app.page_size, settings.debug) == (before, False)


def test_values_are_taken_back_when_the_block_raises() -> None:
    with pytest.raises(ZeroDivisionError), override_settings(app__page_size=1):
        raise ZeroDivisionError

    assert settings.app.page_size == 50


def test_inner_override_wins_and_the_outer_one_comes_back() -> None:
    with override_settings(app__page_size=1):
        with override_settings(app__page_size=2, debug=True):
            assert (settings.app.page_size, settings.debug) == (2, True)

        assert (settings.app.page_size, settings.debug) == (1, False)


@override_settings(app__page_size=3)
def test_function_is_decorated() -> None:
    assert settings.app.page_size == 3


@pytest.mark.parametrize("number", [1, 2])
@override_settings(app__page_size=4)
def test_decorated_function_keeps_its_fixtures(number: int, runtime: Runtime) -> None:
    assert number in {1, 2}
    assert runtime.visible_settings.app.page_size == 4


def test_asynchronous_function_is_decorated() -> None:
    @override_settings(app__page_size=5)
    async def read() -> int:
        await asyncio.sleep(0)
        return settings.app.page_size

    assert asyncio.run(read()) == 5
    assert settings.app.page_size == 50


def test_class_is_not_decorated() -> None:
    with pytest.raises(TypeError, match="decorate those of the class"):
        override_settings(debug=True)(type("Tests", (), {}))


def test_fixture_holds_until_the_test_ends(override_settings: Override) -> None:
    override_settings(app__page_size=6)
    override_settings(debug=True)

    assert (settings.app.page_size, settings.debug) == (6, True)


def test_every_thread_sees_them() -> None:
    seen: list[int] = []
    with override_settings(app__page_size=7):
        thread = threading.Thread(target=lambda: seen.append(settings.app.page_size))
        thread.start()
        thread.join()

    assert seen == [7]


def test_application_that_is_already_made_sees_them(runtime: Runtime) -> None:
    router = APIRouter()

    @router.get("/size")
    def size() -> dict[str, Any]:
        return {"size": settings.app.page_size}

    with TestClient(create_app(runtime, routers=[router])) as client:
        before = client.get("/size").json()
        with override_settings(app__page_size=8):
            within = client.get("/size").json()

    assert (before, within) == ({"size": 50}, {"size": 8})


@pytest.mark.parametrize(
    ("values", "said"),
    [
        ({"app__page_sise": 1}, r"APP__PAGE_SISE.*did you mean 'app__page_size'"),
        ({"debgu": True}, r"DEBGU.*did you mean 'debug'"),
        ({"plugins__backup__directory": "x"}, "PLUGINS__BACKUP__DIRECTORY"),
    ],
)
def test_unknown_name_is_refused_and_nothing_changes(values: dict[str, Any], said: str) -> None:
    with pytest.raises(UsageError, match=f"(?s){said}"), override_settings(**values):
        pass

    assert settings.app.page_size == 50


def test_wrong_value_is_refused_without_being_shown() -> None:
    with (
        pytest.raises(ConfigError, match="APP__PAGE_SIZE") as caught,
        override_settings(app__page_size="hunter2"),
    ):
        pass

    assert "hunter2" not in str(caught.value)
