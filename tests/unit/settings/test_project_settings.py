"""All settings as one object: loaded once at the first use, frozen, no secret in its text."""

from __future__ import annotations

import copy
import pickle
import threading
from typing import TYPE_CHECKING, Any

import pytest
from pydantic import AnyUrl, BaseModel, SecretStr

from sst.config import open_sources
from sst.errors import ConfigError
from sst.settings import in_force, project_settings

if TYPE_CHECKING:
    from pathlib import Path

    from sst.config import Sources

CANARY = "hunter2-canary"


class Mail(BaseModel):
    """A table; the team's model is not declared frozen."""

    host: str = "h"
    password: SecretStr | None = None
    url: AnyUrl | None = None


class AppSettings(BaseModel):
    """What a team might have."""

    page_size: int = 50
    mail: Mail = Mail()
    mails: list[Mail] = []


class Opened:
    """Counts how often the sources of a project are opened."""

    def __init__(self) -> None:
        self.count = 0

    def __call__(self, root: Path) -> Sources:
        """Open them as a process without variables would."""
        self.count += 1
        return open_sources(root, environ={})


@pytest.fixture
def opened(monkeypatch: pytest.MonkeyPatch) -> Opened:
    """Return a counter; the model comes from this module, as from a project's."""
    found = Opened()
    monkeypatch.setattr(in_force, "open_sources", found)
    return found


@pytest.fixture
def root(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, opened: Opened) -> Path:
    """Return the folder of a project that names the model of this module."""
    name = f"{AppSettings.__module__}:AppSettings"
    text = f"""
[default]
app_settings = "{name}"
app.page_size = 7
app.mail.password = "{CANARY}"
app.mail.url = "https://u:{CANARY}@mail.example/"
app.mails = [{{host = "a"}}]
[development]
protected = false
"""
    (tmp_path / "settings.toml").write_text(text, encoding="utf-8")
    assert opened.count == 0
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.fixture
def settings(root: Path) -> Any:  # noqa: ANN401 - the tests ask for what a type checker refuses
    """Return the settings as an application has them."""
    return project_settings(AppSettings, root)


def test_nothing_is_read_before_the_first_attribute(settings: Any, opened: Opened) -> None:  # noqa: ANN401
    assert opened.count == 0

    assert (settings.app.page_size, settings.debug, settings.migrate.lock_wait) == (7, False, 60)
    assert (settings.app.mail.host, opened.count) == ("h", 1)


def test_several_threads_load_once(settings: Any, opened: Opened) -> None:  # noqa: ANN401
    start = threading.Barrier(8)
    seen = []

    def read() -> None:
        start.wait()
        seen.append(settings.app)

    threads = [threading.Thread(target=read) for _ in range(8)]
    for each in threads:
        each.start()
    for each in threads:
        each.join()

    assert (opened.count, len(seen), len(set(map(id, seen)))) == (1, 8, 1)


def test_another_working_folder_changes_nothing(
    settings: Any,  # noqa: ANN401
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.chdir("/")

    assert settings.app.page_size == 7


def test_two_of_one_project_have_the_same_values(settings: Any, root: Path) -> None:  # noqa: ANN401
    other = project_settings(AppSettings, root)

    assert other.app is settings.app


@pytest.mark.parametrize("name", ["debug", "app", "database_url", "migrate", "nothing", "_hidden"])
def test_no_attribute_can_be_set_or_deleted(settings: Any, name: str) -> None:  # noqa: ANN401
    with pytest.raises(AttributeError, match=f"{name} stays as it is"):
        setattr(settings, name, 1)
    with pytest.raises(AttributeError, match=f"{name} stays as it is"):
        delattr(settings, name)


def test_a_model_that_is_not_declared_frozen_is_frozen_at_every_depth(
    settings: Any,  # noqa: ANN401
) -> None:
    for holder, name in [
        (settings.app, "page_size"),
        (settings.app.mail, "host"),
        (settings.app.mails[0], "host"),
        (settings.migrate, "lock_wait"),
    ]:
        with pytest.raises(ValueError, match="frozen"):
            setattr(holder, name, 1)


def test_no_text_shows_a_secret(settings: Any) -> None:  # noqa: ANN401
    texts = [f"{one!r} {one}" for one in (settings, settings.app, settings.app.mail)]

    assert CANARY not in "".join(texts)
    assert "page_size=7" in texts[0]


def test_it_is_not_pickled_and_its_copy_is_itself(settings: Any) -> None:  # noqa: ANN401
    for one in (settings, settings.app, settings.app.mail):
        with pytest.raises(TypeError, match="secrets"):
            pickle.dumps(one)

    assert copy.copy(settings) is copy.deepcopy(settings) is settings


@pytest.mark.parametrize(
    ("name", "meant"),
    [
        ("page_siz", "app.page_size"),
        ("page_size", "app.page_size"),
        ("debugg", "debug"),
        ("databse_url", "database_url"),
    ],
)
def test_a_misspelt_setting_is_told_the_nearest(settings: Any, name: str, meant: str) -> None:  # noqa: ANN401
    with pytest.raises(AttributeError, match=f"no setting '{name}'; did you mean '{meant}'"):
        getattr(settings, name)


def test_a_name_that_is_near_to_nothing_is_told_without_advice(settings: Any) -> None:  # noqa: ANN401
    with pytest.raises(AttributeError, match=r"^there is no setting 'nonsense'$"):
        settings.nonsense  # noqa: B018 - reading it is the test


def test_a_repl_completes_the_names(settings: Any) -> None:  # noqa: ANN401
    assert {"app", "debug", "database_url"} <= set(dir(settings))


def test_wrong_settings_are_told_at_each_use_without_the_way_there(root: Path) -> None:
    with (root / "settings.toml").open("a") as file:
        file.write("app.page_size = 'x'\n")
    settings = project_settings(AppSettings, root)

    for _ in range(2):
        with pytest.raises(ConfigError) as caught:
            settings.app  # noqa: B018
        assert [one.subject for one in caught.value.problems] == ["APP__PAGE_SIZE"]
        assert len(caught.traceback) <= 3


def test_another_model_than_the_named_one_is_refused(root: Path) -> None:
    class Other(BaseModel):
        """Not the one that settings.toml names."""

    with pytest.raises(ConfigError, match="names another model than the code reads"):
        project_settings(Other, root).debug  # noqa: B018


def test_a_model_that_no_setting_names_is_refused(root: Path) -> None:
    (root / "settings.toml").write_text("[development]\nprotected = false\n", encoding="utf-8")

    with pytest.raises(ConfigError, match="app_settings: names no model, and the code reads"):
        project_settings(AppSettings, root).debug  # noqa: B018
