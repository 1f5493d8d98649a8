"""Environment variables, `.env`, NAME_FILE and --set."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

import pytest
from pydantic import BaseModel

if TYPE_CHECKING:
    from tests.unit.config.conftest import Site


class Backup(BaseModel):
    """The settings of a plugin."""

    directory: str = "backups"


@pytest.fixture
def backup(site: Site) -> Site:
    """Return a project with the plugin `backup`."""
    site.settings('[default.plugins]\nenabled = ["backup"]\n[development]\n[production]\n')
    site.sections["backup"] = Backup
    return site


def test_variables_of_other_programs_are_ignored(backup: Site) -> None:
    backup.environ |= {
        "PATH": "/bin",
        "HOME": "/root",
        "ENV": "production",
        "ITEMS": "1",
        "STORE": "1",
        "LOADERS": "1",
        "PLUGINS": "1",
        "MIGRATE": "1",
        "DATABASE_URLS": "1",
        "DEBUGINFOD_URLS": "1",
        "LOG_FILE": "/nowhere",
        "database_url": "postgresql://elsewhere/x",
        "DATABASE_URL.X": "1",
        "__": "1",
    }

    assert backup.load().settings.database_url is None


@pytest.mark.parametrize(
    ("name", "hint"),
    [
        ("MIGRATE__LOCK_WIAT", "'MIGRATE__LOCK_WAIT'"),
        ("MIGRATE__LOCK_WIAT_FILE", "'MIGRATE__LOCK_WAIT'"),
        ("MIGRATE__", ""),
        ("PLUGINS__BACKUP__DIRECTRY", "'PLUGINS__BACKUP__DIRECTORY'"),
        ("PLUGINS__backup__directory", "'PLUGINS__BACKUP__DIRECTORY'"),
        ("PLUGINS__ENABLE", "'enabled'"),
        ("PLUGINS__BACKUP", "PLUGINS__BACKUP__DIRECTORY"),
        ("PLUGINS__BACKUPS__DIRECTORY", "'backup'"),
        ("DEBUG__X", ""),
        ("DATABASE_URL__X", ""),
        ("MIGRATE__LOCK_WAIT__X", "'MIGRATE__LOCK_WAIT'"),
    ],
)
def test_unknown_variable_of_ours_is_a_problem(backup: Site, name: str, hint: str) -> None:
    """Dynaconf ignores most of these and dies of an AttributeError for the dotted ones."""
    backup.environ[name] = "1"

    (problem,) = backup.problems()

    assert problem.subject == name
    assert problem.source == f"environment {name}"
    assert hint in problem.hint


def test_variable_of_a_plugin_that_is_not_enabled_says_so(backup: Site) -> None:
    backup.environ["PLUGINS__NOTIFY__URL"] = "https://example.com"

    found = backup.load(known=("backup", "notify"))

    assert found.warnings == (
        "environment PLUGINS__NOTIFY__URL is not read: the plugin 'notify' is not enabled here",
    )


@pytest.mark.parametrize("text", ['["backup"]', "backup", " backup ", "backup,"])
def test_plugins_are_enabled_by_a_variable(backup: Site, text: str) -> None:
    backup.settings("[default]\n[development]\n")
    backup.environ["PLUGINS__ENABLED"] = text

    assert backup.open().enabled_plugins() == ("backup",)
    assert backup.load().settings.plugins.enabled == ("backup",)


@pytest.mark.parametrize(
    "text",
    [
        "../evil",
        "a/b",
        "a.b",
        "backup,backup",
        "backup,Backup",
        "a-b,a_b",
        "enabled",
        '["", "x"]',
        "[1]",
        "[",
        "1x",
    ],
)
def test_impossible_names_of_plugins_are_refused(backup: Site, text: str) -> None:
    """A name becomes the name of a file that is imported."""
    backup.environ |= {"PLUGINS__ENABLED": text, "DEBUG": "maybe"}

    problems = backup.problems()

    assert {problem.subject for problem in problems} == {"PLUGINS__ENABLED", "DEBUG"}
    assert problems[0].source == "environment PLUGINS__ENABLED"


@pytest.mark.parametrize(
    ("content", "value"),
    [
        (b"secret\n", "secret"),
        (b"secret\r\n", "secret"),
        (b"secret", "secret"),
        (b"secret\n\n", "secret\n"),
        (b" secret \n", " secret "),
        (b"one\ntwo\n", "one\ntwo"),
        ("pässword\n".encode(), "pässword"),
    ],
)
def test_file_gives_its_text_without_the_last_newline(
    site: Site, content: bytes, value: str
) -> None:
    (site.root / "secret").write_bytes(content)
    site.environ["OPERATIONS_TOKEN_FILE"] = str(site.root / "secret")

    configuration = site.load()

    token = configuration.settings.operations_token
    assert token is not None
    assert token.get_secret_value() == value


@pytest.mark.parametrize(
    ("content", "fault"),
    [
        (None, "does not exist"),
        (b"", "is empty"),
        (b"\n", "is empty"),
        (b"\xff\xfe", "is not UTF-8"),
        (b"\xef\xbb\xbfsecret", "byte order mark"),
        (b"x" * 70_000, "is larger than"),
    ],
)
def test_file_that_holds_no_value_is_a_problem(
    site: Site, content: bytes | None, fault: str
) -> None:
    path = site.root / "secret"
    if content is not None:
        path.write_bytes(content)
    site.environ["OPERATIONS_TOKEN_FILE"] = str(path)

    (problem,) = site.problems()

    assert problem.subject == "OPERATIONS_TOKEN"
    assert problem.source == "environment OPERATIONS_TOKEN_FILE"
    assert fault in problem.what


@pytest.mark.parametrize("kind", ["folder", "pipe", "nul"])
def test_file_that_is_no_file_is_a_problem(site: Site, kind: str) -> None:
    """Reading a pipe would wait for ever."""
    path = site.root / "secret"
    if kind == "folder":
        path.mkdir()
    elif kind == "pipe":
        os.mkfifo(path)
    name = "a\0b" if kind == "nul" else str(path)
    site.environ["OPERATIONS_TOKEN_FILE"] = name

    (problem,) = site.problems()

    assert problem.subject == "OPERATIONS_TOKEN"


@pytest.mark.parametrize("content", ["one", None], ids=["readable", "missing"])
def test_variable_beats_its_file_and_the_faults_of_it(site: Site, content: str | None) -> None:
    """`docker run -e NAME=...` must work beside the NAME_FILE of the image."""
    if content is not None:
        (site.root / "secret").write_text(content)
    site.environ |= {"OPERATIONS_TOKEN_FILE": "secret", "OPERATIONS_TOKEN": "two"}

    token = site.load().settings.operations_token

    assert token is not None
    assert token.get_secret_value() == "two"
    assert site.sources_of()["OPERATIONS_TOKEN"] == "environment OPERATIONS_TOKEN"


def test_relative_file_starts_at_the_project(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    (site.root / "secret").write_text("one")
    site.environ["OPERATIONS_TOKEN_FILE"] = "secret"
    monkeypatch.chdir("/")

    assert site.sources_of()["OPERATIONS_TOKEN"] == "environment OPERATIONS_TOKEN_FILE"


def test_setting_whose_name_ends_in_file_is_itself(site: Site) -> None:
    """`key_file` of a plugin is a path, not the file of the setting `key`."""

    class Keys(BaseModel):
        key: str = ""
        key_file: str = ""

    site.settings('[default.plugins]\nenabled = ["keys"]\n[development]\n')
    site.sections["keys"] = Keys
    site.environ["PLUGINS__KEYS__KEY_FILE"] = "/nowhere"

    assert site.load().plugin_settings["keys"] == Keys(key_file="/nowhere")


def test_dotenv_is_a_layer_below_the_environment(site: Site) -> None:
    site.write(".env", "LOG_LEVEL=ERROR  # comment\nDB_POOL_SIZE=7\nOTHER=1\nDEBUG=\n")
    site.environ["DB_POOL_SIZE"] = "8"

    configuration = site.load()

    assert configuration.settings.log_level == "ERROR"
    assert configuration.settings.db_pool_size == 8
    assert site.sources_of()["LOG_LEVEL"] == ".env LOG_LEVEL"


def test_dotenv_of_a_parent_folder_is_not_read(site: Site) -> None:
    below = site.root / "below"
    below.mkdir()
    site.write(".env", "LOG_LEVEL=ERROR\n")
    (below / "settings.toml").write_text("[development]\n")
    site.root = below

    assert site.load().settings.log_level == "INFO"


@pytest.mark.parametrize(
    ("line", "subject"),
    [
        ("ENVIRONMENT=production", "ENVIRONMENT"),
        ("ENV_FOR_DYNACONF=production", "ENV_FOR_DYNACONF"),
        ("PRELOAD_FOR_DYNACONF=evil.py", "PRELOAD_FOR_DYNACONF"),
        ("MIGRATE__LOCK_WIAT=1", "MIGRATE__LOCK_WIAT"),
        ("DEBUG=maybe", "DEBUG"),
        ("= 1", ".env"),
    ],
)
def test_faults_of_dotenv_are_problems(site: Site, line: str, subject: str) -> None:
    """A production `.env` must not be half obeyed: values taken, its environment ignored."""
    site.write(".env", f"{line}\n")

    (problem,) = site.problems()

    assert problem.subject == subject
    assert ".env" in problem.source


def test_dotenv_may_repeat_the_environment(site: Site) -> None:
    """The deployment guide's development block does."""
    site.write(".env", "DEBUG=true\nSQL_ECHO=true  # SQL\nENVIRONMENT=development\n")

    assert site.load().settings.sql_echo is True


@pytest.mark.parametrize("name", ["migrate.lock_wait", "MIGRATE__LOCK_WAIT", "Migrate.Lock_Wait"])
def test_set_takes_both_spellings(site: Site, name: str) -> None:
    site.overrides.append(f"{name}=5")
    site.environ["MIGRATE__LOCK_WAIT"] = "9"

    assert site.load().settings.migrate.lock_wait == 5
    assert site.sources_of()["MIGRATE__LOCK_WAIT"] == "--set MIGRATE__LOCK_WAIT"


def test_last_of_two_overrides_wins(site: Site) -> None:
    site.overrides += ["DB_POOL_SIZE=5", "DB_POOL_SIZE=6"]

    assert site.load().settings.db_pool_size == 6


@pytest.mark.parametrize(
    ("text", "subject", "hint"),
    [
        ("DEBUG", "--set", "--set DEBUG=true"),
        ("=x", "--set", "--set DEBUG=true"),
        ("", "--set", "--set DEBUG=true"),
        ("DEBUGG=true", "DEBUGG", "'DEBUG'"),
        ("DEBUG=", "DEBUG", "leave out"),
        ("DEBUG=maybe", "DEBUG", ""),
        ("PLUGINS__NOTIFY__URL=x", "PLUGINS__NOTIFY__URL", "plugins.enabled"),
    ],
)
def test_wrong_override_is_a_problem(site: Site, text: str, subject: str, hint: str) -> None:
    site.overrides.append(text)

    (problem,) = site.problems()

    assert problem.subject == subject
    assert hint in problem.hint


def test_override_without_a_name_is_not_repeated(site: Site) -> None:
    """The text may be a password whose name was forgotten."""
    site.overrides.append("hunter2-canary")

    assert "hunter2" not in str(site.problems())


@pytest.mark.parametrize("environment", ["staging", "production", "live"])
def test_dotenv_is_read_in_development_only(site: Site, environment: str) -> None:
    site.settings(f"[default]\n[{environment}]\n")
    site.write(".env", "DB_POOL_SIZE=11\n")
    site.environ |= {"ENVIRONMENT": environment, "DATABASE_URL": "postgresql://app@db/sst"}

    assert site.load().settings.db_pool_size == 5


def test_variable_beats_its_file_in_dotenv_too(site: Site) -> None:
    site.write("size", "7")
    site.write(".env", "DB_POOL_SIZE=3\nDB_POOL_SIZE_FILE=size\n")

    assert site.load().settings.db_pool_size == 3
