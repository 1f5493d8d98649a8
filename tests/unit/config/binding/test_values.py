"""What becomes of a value on its way from a source to the model."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from pydantic import BaseModel, Field, SecretStr

if TYPE_CHECKING:
    from tests.unit.config.conftest import Site

_MANGLED = [
    "0123",
    "1234567890",
    "1e5",
    "12_34",
    "2024-01-01",
    "inf",
    "true",
    "None",
    '"quoted"',
    "'single'",
    "#x",
    "5 # x",
    "{a=1}",
    "[1, 2]",
    "@format {env}",
    "@format {env[HOME]}",
    "@jinja {{ this.environ }}",
    "@jinja {{ this.load_file(path='evil.py') }}",
    "@read_file /etc/passwd",
    "@int x",
    "@none",
    "@del ",
    "@merge x",
    "@insert 0 x",
    "@note hi",
    "  spaces around  ",
    "${HOME}",
    "two\nlines",
    "tab\there",
    "ünïcode ✓",
    "back\\slash",
]


class Typed(BaseModel):
    """One field of each kind that a plugin may have."""

    number: int = 1
    ratio: float = 0.5
    flag: bool = False
    words: tuple[str, ...] = ()
    numbers: list[int] = Field(default_factory=list)
    headers: dict[str, str] = Field(default_factory=dict)
    label: str | None = None
    token: SecretStr | None = None


@pytest.fixture
def typed(site: Site) -> Site:
    """Return a project with the plugin `typed`."""
    site.settings('[default.plugins]\nenabled = ["typed"]\n[development]\n[production]\n')
    site.sections["typed"] = Typed
    return site


def read(site: Site, field: str) -> object:
    """Return what the plugin gets for *field*."""
    return getattr(site.load().plugin_settings["typed"], field)


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("true", True),
        ("True", True),
        ("TRUE", True),
        ("1", True),
        ("yes", True),
        ("on", True),
        (" true ", True),
        ("false", False),
        ("False", False),
        ("FALSE", False),
        ("0", False),
        ("no", False),
        ("off", False),
    ],
)
def test_debug_is_read_as_a_boolean(site: Site, text: str, value: bool) -> None:  # noqa: FBT001
    """`DEBUG=off` must not be the truthy text `off`."""
    site.environ["DEBUG"] = text

    assert site.load().settings.debug is value


@pytest.mark.parametrize(
    "text", ["maybe", "2", "debug", "@bool yes", "@bool maybe", "true # c", "@none", "-1", "nope"]
)
@pytest.mark.parametrize("name", ["DEBUG", "SQL_ECHO", "DB_POOL_PRE_PING"])
def test_anything_else_is_no_boolean(site: Site, name: str, text: str) -> None:
    site.environ[name] = text

    (problem,) = site.problems()

    assert problem.subject == name
    assert problem.source == f"environment {name}"


@pytest.mark.parametrize("name", ["DEBUG", "DB_POOL_SIZE", "DATABASE_URL", "MIGRATE__LOCK_WAIT"])
def test_empty_variable_counts_as_unset(site: Site, name: str) -> None:
    """Compose writes one for every `${NAME:-}`."""
    site.settings("""
        [default]
        DEBUG = true
        DB_POOL_SIZE = 9
        DATABASE_URL = "embedded"
        [default.migrate]
        lock_wait = 9
        [development]
        protected = false
    """)
    before = site.load().settings
    site.environ |= {name: "", f"{name}_FILE": ""}

    assert site.load().settings == before


@pytest.mark.parametrize("text", _MANGLED)
def test_secret_from_a_variable_arrives_byte_for_byte(site: Site, text: str) -> None:
    site.environ["OPERATIONS_TOKEN"] = text

    token = site.load().settings.operations_token

    assert token is not None
    assert token.get_secret_value() == text


@pytest.mark.parametrize("text", _MANGLED)
def test_secret_from_a_file_of_its_own_arrives_byte_for_byte(site: Site, text: str) -> None:
    (site.root / "token").write_text(text + "\n", encoding="utf-8")
    site.environ["OPERATIONS_TOKEN_FILE"] = "token"

    token = site.load().settings.operations_token

    assert token is not None
    assert token.get_secret_value() == text


@pytest.mark.parametrize("text", [text for text in _MANGLED if "'" not in text])
def test_secret_from_secrets_toml_arrives_byte_for_byte(site: Site, text: str) -> None:
    site.secrets(f"[development]\nOPERATIONS_TOKEN = '''{text}'''\n")

    token = site.load().settings.operations_token

    assert token is not None
    assert token.get_secret_value() == text


@pytest.mark.parametrize("text", ["0123", "1e5", "@format {env}", "${HOME}", "a b", "a=b", "x#y"])
def test_secret_from_dotenv_and_set_arrives_byte_for_byte(site: Site, text: str) -> None:
    site.write(".env", f"OPERATIONS_TOKEN={text}\n")
    site.overrides.append(f"REDIS_URL={text}")

    settings = site.load().settings

    assert settings.operations_token is not None
    assert settings.redis_url is not None
    assert settings.operations_token.get_secret_value() == text
    assert settings.redis_url.get_secret_value() == text


@pytest.mark.parametrize(
    ("field", "text", "value"),
    [
        ("number", "7", 7),
        ("number", " 7 ", 7),
        ("ratio", "1e-1", 0.1),
        ("flag", "on", True),
        ("words", "a, b,c", ("a", "b", "c")),
        ("words", '["a", "b, c"]', ("a", "b, c")),
        ("words", "one", ("one",)),
        ("words", "[]", ()),
        ("numbers", "1,2", [1, 2]),
        ("numbers", "[1, 2]", [1, 2]),
        ("headers", '{"X-Key": "1"}', {"X-Key": "1"}),
        ("label", "7", "7"),
        ("label", " x ", " x "),
        ("label", "null", "null"),
    ],
)
def test_text_is_read_by_the_declared_type(
    typed: Site, field: str, text: str, value: object
) -> None:
    typed.environ[f"PLUGINS__TYPED__{field.upper()}"] = text

    assert read(typed, field) == value


@pytest.mark.parametrize(
    ("field", "text"),
    [
        ("number", "7.5"),
        ("number", "seven"),
        ("ratio", "much"),
        ("flag", "maybe"),
        ("words", "[1"),
        ("words", '{"a": 1}'),
        ("words", "[1]"),
        ("numbers", "1,x"),
        ("headers", "x"),
        ("headers", "[1]"),
        ("headers", '{"a": 1}'),
    ],
)
def test_text_of_another_type_is_a_problem(typed: Site, field: str, text: str) -> None:
    name = f"PLUGINS__TYPED__{field.upper()}"
    typed.environ[name] = text

    (problem,) = typed.problems()

    assert (problem.subject, problem.source) == (name, f"environment {name}")


@pytest.mark.parametrize(
    ("line", "subject"),
    [
        ("number = true", "PLUGINS__TYPED__NUMBER"),
        ("number = 7.5", "PLUGINS__TYPED__NUMBER"),
        ("flag = 2", "PLUGINS__TYPED__FLAG"),
        ("label = 7", "PLUGINS__TYPED__LABEL"),
        ("token = 1234567890", "PLUGINS__TYPED__TOKEN"),
        ("words = 'x'", "PLUGINS__TYPED__WORDS"),
        ("headers = 1", "PLUGINS__TYPED__HEADERS"),
    ],
)
def test_value_of_another_type_in_a_file_is_a_problem(
    typed: Site, line: str, subject: str
) -> None:
    typed.write("settings.local.toml", f"[development.plugins.typed]\n{line}\n")

    (problem,) = typed.problems()

    assert problem.subject == subject
    assert problem.source == "settings.local.toml:2 [development]"


def test_number_for_a_secret_says_what_to_do(typed: Site) -> None:
    typed.secrets("[development.plugins.typed]\ntoken = 1234567890\n")

    (problem,) = typed.problems()

    assert problem.hint == "put the value in quotes"
    assert "1234567890" not in str(problem)


def test_table_of_free_keys_merges_and_keeps_their_case(typed: Site) -> None:
    typed.settings("""
        [default.plugins]
        enabled = ["typed"]
        [default.plugins.typed.headers]
        X-One = "1"
        "x.two" = "2"
        [development.plugins.typed.headers]
        X-One = "3"
        x-one = "5"
    """)
    typed.environ["PLUGINS__TYPED__HEADERS__X-Three"] = "4"

    assert read(typed, "headers") == {
        "X-One": "3",
        "x-one": "5",
        "x.two": "2",
        "X-Three": "4",
    }


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("DB_POOL_SIZE", "0"),
        ("DB_POOL_RECYCLE", "-2"),
        ("DB_POOL_TIMEOUT", "0"),
        ("DB_CONNECT_TIMEOUT", "-1"),
        ("MIGRATE__LOCK_WAIT", "-1"),
        ("MIGRATE__LOCK_WAIT", "inf"),
        ("MIGRATE__LOCK_WAIT", "nan"),
        ("MIGRATE__LOCK_TIMEOUT", "0"),
        ("LOG_LEVEL", "LOUD"),
        ("LOG_FORMAT", "xml"),
    ],
)
def test_value_out_of_range_is_a_problem(site: Site, name: str, text: str) -> None:
    site.environ[name] = text

    (problem,) = site.problems()

    assert problem.subject == name


def test_words_of_the_log_are_read_in_any_case(site: Site) -> None:
    site.environ |= {"LOG_LEVEL": "debug", "LOG_FORMAT": " JSON "}

    settings = site.load().settings

    assert (settings.log_level, settings.log_format) == ("DEBUG", "json")


def test_result_is_frozen(site: Site) -> None:
    settings = site.load().settings

    for change in (
        lambda: setattr(settings, "debug", True),
        lambda: setattr(settings.migrate, "lock_wait", 1),
        lambda: settings.plugins.enabled.append("x"),  # type: ignore[attr-defined]
    ):
        with pytest.raises((ValueError, AttributeError)):
            change()


def test_configuration_is_frozen(site: Site) -> None:
    configuration = site.load()

    with pytest.raises(AttributeError):
        configuration.settings = configuration.settings  # type: ignore[misc]
    with pytest.raises(TypeError):
        configuration.plugin_settings["x"] = Typed()  # type: ignore[index]


@pytest.mark.parametrize("quote", ["'", '"'])
@pytest.mark.parametrize("source", ["environment", "file", "--set"])
def test_quotes_around_a_url_are_taken_away(site: Site, source: str, quote: str) -> None:
    """`docker --env-file` hands them over as a part of the value."""
    url = "postgresql://app:it's@db/shop"
    if source == "--set":
        site.overrides.append(f"DATABASE_URL={quote}{url}{quote}")
    elif source == "file":
        site.write("url", f"{quote}{url}{quote}\n")
        site.environ["DATABASE_URL_FILE"] = "url"
    else:
        site.environ["DATABASE_URL"] = f"{quote}{url}{quote}"

    configuration = site.load()

    assert configuration.settings.database_url
    assert configuration.settings.database_url.get_secret_value() == url
    assert {url, "it's"} <= configuration.secrets


def test_quotes_hide_no_embedded_database_from_the_guard(production: Site) -> None:
    production.environ["DATABASE_URL"] = '"embedded"'

    assert "DATABASE_URL" in {problem.subject for problem in production.problems()}
