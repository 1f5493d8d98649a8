"""A model that cannot be used is told with file and line; nothing is raised but one error."""

from __future__ import annotations

import itertools
import sys
from dataclasses import dataclass
from textwrap import dedent
from typing import TYPE_CHECKING

import pytest

from sst.config import open_sources
from sst.errors import ConfigError
from sst.settings.loading import load_configuration

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from sst.config import Configuration

_NUMBERS = itertools.count()


@dataclass
class Team:
    """A project whose package has a name of its own: modules of a process are kept by name."""

    root: Path
    package: str

    def write(self, text: str, file: str = "settings.py") -> None:
        """Write a module of the package."""
        path = self.root / self.package / file
        path.parent.mkdir(exist_ok=True)
        path.write_text(dedent(text).lstrip("\n"), encoding="utf-8")

    def name(self, named: str | None = None, *, more: str = "") -> None:
        """Let settings.toml name the model, as *named*."""
        named = f"{self.package}.settings:AppSettings" if named is None else named
        text = f'[default]\napp_settings = "{named}"\n{more}\n[development]\nprotected = false\n'
        (self.root / "settings.toml").write_text(text, encoding="utf-8")

    def load(self, **variables: str) -> Configuration:
        """Load as a command does."""
        return load_configuration(open_sources(self.root, environ=variables)).configuration

    def problems(self, **variables: str) -> list[str]:
        """Return the problems of loading, the package called `team`."""
        with pytest.raises(ConfigError) as caught:
            self.load(**variables)
        assert caught.value.exit_code == 2
        return [str(one).replace(self.package, "team") for one in caught.value.problems]


@pytest.fixture
def team(tmp_path: Path) -> Iterator[Team]:
    """Return a project that names a model, which is not written yet."""
    found = Team(tmp_path, f"team_{next(_NUMBERS)}")
    found.name()
    path = list(sys.path)
    yield found
    assert sys.path == path
    for name in [name for name in sys.modules if name.partition(".")[0] == found.package]:
        del sys.modules[name]


GOOD = """
    from pydantic import BaseModel

    class AppSettings(BaseModel):
        page_size: int = 5
"""


def test_a_good_model_is_loaded_and_frozen(team: Team) -> None:
    team.write(GOOD)

    found = team.load(APP__PAGE_SIZE="6").application

    assert found is not None
    with pytest.raises(ValueError, match="frozen"):
        found.page_size = 7  # type: ignore[attr-defined]


def test_a_missing_module_is_told_with_what_to_write(team: Team) -> None:
    assert team.problems() == [
        (
            "app_settings: team.settings cannot be imported: ModuleNotFoundError: No module named "
            "'team' [settings.toml:2 [default]] -> write team/settings.py with the class, or take "
            "the line away"
        )
    ]


def test_a_misspelt_module_is_told_the_nearest(team: Team) -> None:
    team.write(GOOD)
    team.name(f"{team.package}.setings:AppSettings")

    [problem] = team.problems()

    assert problem.endswith("-> did you mean 'team.settings'?")


def test_a_misspelt_class_is_told_the_nearest(team: Team) -> None:
    team.write(GOOD)
    team.name(f"{team.package}.settings:AppSetting")

    assert team.problems() == [
        (
            "app_settings: there is no AppSetting in team.settings [settings.toml:2 [default]] "
            "-> did you mean 'AppSettings'?"
        )
    ]


@pytest.mark.parametrize(
    "named", ["", "team.settings", "team/settings.py:AppSettings", ":A", "a:"]
)
def test_what_is_no_module_and_class_is_told_so(team: Team, named: str) -> None:
    team.name(named)

    [problem] = team.problems()

    assert problem == (
        "app_settings: is not MODULE:CLASS [settings.toml:2 [default]] "
        '-> write app_settings = "app.settings:AppSettings"'
    )


BROKEN = [
    ("x = (\n", "SyntaxError: '(' was never closed (settings.py, line 1)", 1),
    ("#\nraise RuntimeError('boom')\n", "RuntimeError: boom", 2),
    ("#\nraise SystemExit(0)\n", "SystemExit: 0", 2),
    ("#\n\nimport no_such_library\n", "ModuleNotFoundError: No module named 'no_such_library'", 3),
    ("x: int = nothing\n", "NameError: name 'nothing' is not defined", 1),
]


@pytest.mark.parametrize(("text", "why", "line"), BROKEN, ids=[each[1] for each in BROKEN])
def test_a_module_that_breaks_is_told_with_its_line(
    team: Team, text: str, why: str, line: int
) -> None:
    team.write(text)

    assert team.problems() == [
        f"app_settings: team.settings cannot be imported: {why} [team/settings.py:{line}]"
    ]


@pytest.mark.parametrize(
    ("text", "hint"),
    [
        ("#\nclass AppSettings:\n    size: int = 1\n", " -> write class AppSettings(BaseModel)"),
        ("#\nAppSettings = 5\n", ""),
        (
            "from pydantic import BaseModel\nAppSettings = 5\nclass Own(BaseModel): pass\n",
            " -> did you mean 'Own'?",
        ),
    ],
)
def test_what_is_no_model_is_told_with_its_line(team: Team, text: str, hint: str) -> None:
    team.write(text)

    assert team.problems() == [
        f"app_settings: AppSettings is not a pydantic model [team/settings.py:2]{hint}"
    ]


def test_a_type_that_only_the_type_checker_knows_is_named(team: Team) -> None:
    team.write("""
        from __future__ import annotations
        from typing import TYPE_CHECKING
        from pydantic import BaseModel
        if TYPE_CHECKING:
            from pathlib import Path

        class AppSettings(BaseModel):
            folder: Path
    """)

    assert team.problems() == [
        (
            "AppSettings: names the type Path, which is not defined when it is imported "
            "[team/settings.py:7] -> import Path outside of `if TYPE_CHECKING`"
        )
    ]


def test_every_fault_of_a_model_is_told_at_its_line(team: Team) -> None:
    team.write("""
        from pydantic import BaseModel, Field

        class Mail(BaseModel):
            password: str = "hunter2-canary"
            port: int = Field(0, ge=1)

        class AppSettings(BaseModel):
            plugins: dict[str, int] = {}
            migrate: int = 1
            app: int = 1
            size: int = "x"
            mails: list[Mail] = []
    """)

    found = team.problems()

    assert "hunter2-canary" not in "".join(found)
    assert [line.partition(" -> ")[0] for line in found] == [
        (
            "AppSettings.plugins: is called like the table [default.plugins] of the core "
            "[team/settings.py:8]"
        ),
        (
            "AppSettings.migrate: is called like the table [default.migrate] of the core "
            "[team/settings.py:9]"
        ),
        (
            "AppSettings.app: is called like the table [default.app] of the core "
            "[team/settings.py:10]"
        ),
        (
            "AppSettings.size: has a default that is refused: should be a valid integer, unable "
            "to parse string as an integer [team/settings.py:11]"
        ),
        (
            "Mail.password: is called like a secret and is a plain text, which could be printed "
            "[team/settings.py:4]"
        ),
        (
            "Mail.port: has a default that is refused: should be greater than or equal to 1 "
            "[team/settings.py:5]"
        ),
    ]


def test_a_text_that_is_called_like_a_secret_may_be_declared_none(team: Team) -> None:
    team.write("""
        from typing import Literal
        from pydantic import BaseModel, Field

        class AppSettings(BaseModel):
            token_header: str = Field("X-Token", json_schema_extra={"secret": False})
            token_minutes: int = 5
            password_policy: Literal["strict", "lax"] = "strict"
    """)

    assert team.load().application is not None


def test_problems_of_the_model_stand_beside_those_of_the_settings(team: Team) -> None:
    team.name(more="DEBUG = 5\napp.page_size = 3")

    found = team.problems(LOG_LEVEL="LOUD")

    assert [line.partition(":")[0] for line in found] == ["app_settings", "DEBUG", "LOG_LEVEL"]


def test_a_package_of_the_same_name_elsewhere_does_not_take_its_place(
    team: Team, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    other = Team(tmp_path / "elsewhere", team.package)
    other.root.mkdir()
    other.write("raise RuntimeError('the wrong one')\n")
    monkeypatch.syspath_prepend(other.root)
    team.write(GOOD)

    assert team.load().application is not None


def test_another_package_that_took_the_name_first_is_named(
    team: Team, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    other = Team(tmp_path / "elsewhere", team.package)
    other.root.mkdir()
    other.write(GOOD)
    monkeypatch.syspath_prepend(other.root)
    __import__(f"{team.package}.settings")
    team.write(GOOD)

    [problem] = team.problems()

    assert "team.settings is a module of somebody else in this process: " in problem
    assert f"{other.root}/team/settings.py [settings.toml:2 [default]]" in problem


def test_a_model_of_an_installed_package_is_taken(
    team: Team, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    installed = Team(tmp_path / "site-packages", team.package)
    installed.root.mkdir()
    installed.write(GOOD)
    monkeypatch.syspath_prepend(installed.root)

    assert team.load(APP__PAGE_SIZE="6").application is not None
