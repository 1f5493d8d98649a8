"""A value that begins with a token of Dynaconf's is an error, or stays and is named."""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Literal

import pytest
from pydantic import BaseModel, Field, SecretStr

from sst.config import PluginValue

if TYPE_CHECKING:
    from tests.unit.config.conftest import Site


class Color(StrEnum):
    """A text that not every text is."""

    RED = "red"


class Typed(BaseModel):
    """One field of each kind that a plugin may have."""

    number: int = 1
    ratio: float = 0.5
    flag: bool = False
    words: tuple[str, ...] = ()
    numbers: list[int] = Field(default_factory=list)
    headers: dict[str, int] = Field(default_factory=dict)
    mode: Literal["a", "b"] = "a"
    color: Color = Color.RED
    label: str = ""
    folder: Path = Path()
    token: SecretStr | None = None


@pytest.fixture
def typed(site: Site) -> Site:
    """Return a project with the plugin `t`."""
    site.settings('[default.plugins]\nenabled = ["t"]\n[development]\n')
    site.sections["t"] = Typed
    return site


_REFUSED = [
    ("number", "@int 5", "@int", "write 5"),
    ("number", "@int five apples", "@int", "write the value alone"),
    ("number", "@format {env[X]}", "@format", "set PLUGINS__T__NUMBER itself, not X"),
    ("number", "@jinja {{ this.x }}", "@jinja", "or set the variable PLUGINS__T__NUMBER"),
    ("ratio", "@float 0.5", "@float", "write 0.5"),
    ("flag", "@bool true", "@bool", "write true"),
    ("flag", "@none", "@none", "leave the setting out"),
    ("flag", "@get OTHER", "@get", "write the value itself"),
    ("words", "@merge x", "@merge", """write PLUGINS__T__WORDS='["dynaconf_merge", "x"]'"""),
    ("words", '@json ["x"]', "@json", "write the value alone"),
    ("words", "@insert 0 x", "@insert", '"dynaconf_merge"'),
    ("headers", '@merge {"a": 1}', "@merge", "a table is merged key by key anyway"),
    ("mode", "@str a", "@str", "write a"),
    ("color", "@lower RED", "@lower", "write RED"),
    ("number", "@read_file /run/x", "@read_file", "set PLUGINS__T__NUMBER_FILE"),
    ("number", "@del", "@del", "leave the setting out"),
    ("number", "@reset 5", "@reset", "write 5"),
]


@pytest.mark.parametrize("source", ["file", "environment", "dotenv", "set", "plugin"])
@pytest.mark.parametrize(("field", "text", "token", "hint"), _REFUSED)
def test_token_is_refused_in_every_source_and_says_what_to_write(
    typed: Site, source: str, field: str, text: str, token: str, hint: str
) -> None:
    name = f"PLUGINS__T__{field.upper()}"
    if source == "file":
        typed.write("settings.local.toml", f"[development.plugins.t]\n{field} = '''{text}'''\n")
    elif source == "environment":
        typed.environ[name] = text
    elif source == "dotenv":
        typed.write(".env", f"{name}='{text}'\n")
    elif source == "set":
        typed.overrides.append(f"{name}={text}")
    else:
        typed.values.append(PluginValue(name, text, "vault"))

    (problem,) = typed.problems()

    assert problem.subject == name
    assert problem.what == f"begins with {token}, a word of Dynaconf's that is not obeyed here"
    assert hint in problem.hint


@pytest.mark.parametrize(
    ("field", "value"),
    [("numbers", '["@int 5"]'), ("headers", '{ a = "@int 5" }'), ("numbers", '[1, "@int 5"]')],
)
def test_token_inside_a_list_or_a_table_is_refused(typed: Site, field: str, value: str) -> None:
    typed.write("settings.local.toml", f"[development.plugins.t]\n{field} = {value}\n")

    (problem,) = typed.problems()

    assert "@int" in problem.what
    assert problem.source == "settings.local.toml:2 [development]"


@pytest.mark.parametrize("field", ["label", "folder"])
def test_token_in_a_text_stays_and_is_named(typed: Site, field: str) -> None:
    name = f"PLUGINS__T__{field.upper()}"
    typed.environ[name] = "@format {env[HOME]}"
    loaded = typed.load()

    assert str(getattr(loaded.plugin_settings["t"], field)) == "@format {env[HOME]}"
    assert loaded.warnings == (
        (
            f"{name} begins with @format, a word of Dynaconf's, and stays as it is written "
            f"[environment {name}] -> set {name} itself, not HOME"
        ),
    )


@pytest.mark.parametrize("text", ["@home", "@format", "@integer 5", "user@int 5", "int 5"])
def test_a_word_that_only_looks_like_a_token_is_none(typed: Site, text: str) -> None:
    typed.environ["PLUGINS__T__TOKEN"] = text

    assert typed.load().warnings == ()


@pytest.mark.parametrize(
    ("text", "is_named"),
    [
        ("@format {env[TOKEN]}", True),
        ("@jinja {{ env.TOKEN }}", True),
        ("@read_file /run/secrets/token", True),
        ("@format x-canary", False),
        ("@int 5", False),
        ("@merge canary", False),
    ],
)
def test_secret_is_named_only_where_it_is_a_form_and_nothing_else(
    typed: Site, text: str, *, is_named: bool
) -> None:
    typed.environ["PLUGINS__T__TOKEN"] = text

    warnings = typed.load().warnings

    expected = (
        "PLUGINS__T__TOKEN begins with a form of Dynaconf's, and stays as it is written "
        "[environment PLUGINS__T__TOKEN]"
    )
    assert warnings == ((expected,) if is_named else ())
