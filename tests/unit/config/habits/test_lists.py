"""A list with the item `"dynaconf_merge"` is appended to that of the source below."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest
from dynaconf import Dynaconf
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from pydantic import BaseModel, Field, SecretStr

from sst.config.show.views import explain, show

if TYPE_CHECKING:
    from pathlib import Path

    from tests.unit.config.conftest import Site


class Words(BaseModel):
    """Lists of every kind that a plugin may have."""

    words: tuple[str, ...] = ()
    shipped: tuple[str, ...] = ("a", "b")
    unique: set[int] = Field(default_factory=set)
    keys: list[SecretStr] = Field(default_factory=list)
    by_name: dict[str, list[str]] = Field(default_factory=dict)
    deep: dict[str, Any] = Field(default_factory=dict)


_PLUGIN = '[default.plugins]\nenabled = ["w"]\n[default.plugins.w]\n'


@pytest.fixture
def words(site: Site) -> Site:
    """Return a project with the plugin `w`, whose words are a and b."""
    site.settings(_PLUGIN + 'words = ["a", "b"]\n[development]\n[production]\n')
    site.sections["w"] = Words
    return site


def of(site: Site, field: str = "words") -> Any:  # noqa: ANN401 - whatever the field holds
    """Return what the plugin gets for *field*."""
    return getattr(site.load().plugin_settings["w"], field)


@pytest.mark.parametrize(
    ("written", "expected"),
    [
        ('["dynaconf_merge", "c"]', ("a", "b", "c")),
        ('["c", "dynaconf_merge"]', ("a", "b", "c")),
        ('["c", "dynaconf_merge", "d"]', ("a", "b", "c", "d")),
        ('["dynaconf_merge"]', ("a", "b")),
        ('["dynaconf_merge", "b"]', ("a", "b", "b")),
        ('["dynaconf_merge_unique", "b", "c"]', ("a", "b", "c")),
        ('["dynaconf_merge_unique", "c", "a"]', ("b", "c", "a")),
        ('["c"]', ("c",)),
    ],
)
def test_list_of_an_environment_grows_as_with_dynaconf(
    words: Site, written: str, expected: tuple[str, ...]
) -> None:
    words.write(
        "settings.toml",
        f'{_PLUGIN}words = ["a", "b"]\n[development.plugins.w]\nwords = {written}\n',
    )

    assert of(words) == expected


def test_list_grows_from_file_to_file_and_from_variable_to_variable(words: Site) -> None:
    more = '[development.plugins.w]\nwords = ["dynaconf_merge", "{}"]\n'
    words.secrets(more.format("secret"))
    words.write("settings.local.toml", more.format("local"))
    words.write(".env", "PLUGINS__W__WORDS=dynaconf_merge,dotenv\n")
    words.write("file", '["dynaconf_merge", "name-file"]\n')
    words.environ["PLUGINS__W__WORDS_FILE"] = "file"
    words.environ["PLUGINS__W__WORDS"] = '["dynaconf_merge", "environment"]'
    words.overrides.append("plugins.w.words=dynaconf_merge,set")

    assert of(words) == (
        *("a", "b", "secret", "local", "dotenv", "name-file", "environment", "set"),
    )


def test_list_that_is_replaced_between_begins_anew(words: Site) -> None:
    words.write(".env", "PLUGINS__W__WORDS=x\n")
    words.environ["PLUGINS__W__WORDS"] = "dynaconf_merge,y"

    assert of(words) == ("x", "y")


def test_list_grows_from_the_default_of_its_field(words: Site) -> None:
    words.environ["PLUGINS__W__SHIPPED"] = '["dynaconf_merge", "c"]'

    assert of(words, "shipped") == ("a", "b", "c")
    assert words.sources_of()["PLUGINS__W__SHIPPED"] == (
        "default and environment PLUGINS__W__SHIPPED"
    )


def test_list_with_nothing_below_is_what_it_says(words: Site) -> None:
    words.environ["PLUGINS__W__UNIQUE"] = "[1, 2]"
    words.overrides.append('PLUGINS__W__UNIQUE=["dynaconf_merge", 2, 3]')

    assert of(words, "unique") == {1, 2, 3}


def test_setting_of_the_core_grows_too(site: Site) -> None:
    site.environ["MIGRATE__LOCK_RETRY_PAUSES"] = '["dynaconf_merge", 60]'

    pauses = site.load().settings.migrate.lock_retry_pauses

    assert pauses == (0.5, 0.5, 1.0, 5.0, 5.0, 15.0, 30.0, 60.0)


def test_allow_list_grows_before_any_plugin_is_imported(site: Site) -> None:
    site.settings("""
        [default.plugins]
        enabled = ["one"]

        [development.plugins]
        enabled = ["dynaconf_merge", "two"]
    """)

    assert site.open().enabled_plugins() == ("one", "two")


@pytest.mark.parametrize(
    ("below", "above", "expected"),
    [
        ({"x": ["a"]}, {"x": ["dynaconf_merge", "b"]}, {"x": ["a", "b"]}),
        ({"x": ["a"]}, {"y": ["dynaconf_merge", "b"]}, {"x": ["a"], "y": ["b"]}),
        ({"x": ["a"]}, {"x": ["dynaconf_merge_unique", "a"]}, {"x": ["a"]}),
    ],
)
def test_list_inside_a_table_grows(
    words: Site, below: dict[str, Any], above: dict[str, Any], expected: dict[str, Any]
) -> None:
    words.write(".env", f"PLUGINS__W__BY_NAME={json.dumps(below)}\n")
    words.environ["PLUGINS__W__BY_NAME"] = json.dumps(above)

    assert of(words, "by_name") == expected


def test_list_deep_inside_a_table_grows_between_sections(words: Site) -> None:
    words.settings(f"""
        {_PLUGIN.replace(chr(10), chr(10) + " " * 8)}
        deep = {{ one = {{ two = ["a"] }} }}
        [development.plugins.w.deep.one]
        two = ["dynaconf_merge", "b"]
    """)

    assert of(words, "deep") == {"one": {"two": ["a", "b"]}}


def test_both_sources_of_a_list_that_grew_are_named(words: Site) -> None:
    words.environ["PLUGINS__W__WORDS"] = "dynaconf_merge,c"
    loaded = words.load()

    (line,) = (line for line in show(loaded).settings if line.name == "PLUGINS__W__WORDS")
    explained = explain(loaded, "plugins.w.words")

    assert (line.value, line.source) == (
        ["a", "b", "c"],
        "settings.toml:4 [default] and environment PLUGINS__W__WORDS",
    )
    assert [(voice.source, voice.is_in_force) for voice in explained.voices] == [
        ("environment PLUGINS__W__WORDS", True),
        ("settings.toml:4 [default]", True),
    ]


def test_what_is_no_list_cannot_grow_and_is_named_by_its_source(words: Site) -> None:
    words.write(".env", "PLUGINS__W__WORDS={}\n")
    words.environ["PLUGINS__W__WORDS"] = "dynaconf_merge,c"

    (problem,) = words.problems()

    assert problem.source == ".env PLUGINS__W__WORDS"
    assert problem.what.startswith("is not a list")


def test_fault_of_a_list_that_grew_names_both_sources(words: Site) -> None:
    words.write(".env", "PLUGINS__W__UNIQUE=[1]\n")
    words.environ["PLUGINS__W__UNIQUE"] = "dynaconf_merge,two"

    (problem,) = words.problems()

    assert problem.source == ".env PLUGINS__W__UNIQUE and environment PLUGINS__W__UNIQUE"


def test_item_of_dynaconf_is_no_secret_of_a_list_of_secrets(words: Site) -> None:
    """Else the log would mask the word wherever it stands."""
    words.secrets('[development.plugins.w]\nkeys = ["dynaconf_merge", "canary"]\n')

    assert [key.get_secret_value() for key in of(words, "keys")] == ["canary"]
    assert "dynaconf_merge" not in words.load().secrets
    assert "canary" in words.load().secrets


_LISTS = st.lists(st.sampled_from(["a", "b", "c", "d"]), max_size=4)
_MARKED = st.tuples(
    _LISTS, st.sampled_from(["", "dynaconf_merge", "dynaconf_merge_unique"]), st.integers(0, 4)
).map(lambda drawn: [*drawn[0][: drawn[2]], *([drawn[1]] * bool(drawn[1])), *drawn[0][drawn[2] :]])


@settings(
    max_examples=60,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(default=_LISTS, section=_MARKED, secret=_MARKED)
def test_any_lists_grow_as_dynaconf_makes_them_grow(
    words: Site, tmp_path: Path, default: list[str], section: list[str], secret: list[str]
) -> None:
    theirs = tmp_path / "theirs"
    theirs.mkdir(exist_ok=True)
    lines = f"[default]\nWORDS = {default}\n[development]\nWORDS = {section}\n"
    (theirs / "settings.toml").write_text(lines)
    (theirs / ".secrets.toml").write_text(f"[development]\nWORDS = {secret}\n")
    words.write(
        "settings.toml",
        f"{_PLUGIN}words = {default}\n[development.plugins.w]\nwords = {section}\n",
    )
    words.secrets(f"[development.plugins.w]\nwords = {secret}\n")

    expected = Dynaconf(
        root_path=str(theirs),
        settings_files=["settings.toml", ".secrets.toml"],
        environments=True,
        env="development",
        envvar_prefix=None,
    )

    assert list(of(words)) == list(expected.WORDS)
