"""`config check` says ok only where a run would get past settings and plugins."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

from sst.cli import main

if TYPE_CHECKING:
    from tests.unit.config.conftest import Site

PICKY = """
from pydantic import BaseModel, SecretStr
from sst.hooks import hookimpl

class Config(BaseModel):
    token: SecretStr | None = None
    size: int = 1

class Plugin:
    def __init__(self, config):
        if config.size > 3:
            raise ValueError("too large")
        if config.token is None:
            raise ValueError("no token")

    @hookimpl
    def register_checks(self):
        open("called", "w").close()
        return []
"""
ENABLED = """
[default.plugins]
enabled = ["picky"]

[development]
protected = false
DATABASE_URL = "postgresql://app@db/app"

[production]
DATABASE_URL = "postgresql://app@db/app"
"""


@pytest.fixture
def picky(site: Site, monkeypatch: pytest.MonkeyPatch) -> Site:
    """Return a project with a plugin whose constructor demands a token."""
    monkeypatch.delenv("ENVIRONMENT", raising=False)
    monkeypatch.chdir(site.root)
    (site.root / "plugins").mkdir()
    site.write("plugins/picky.py", PICKY)
    site.settings(ENABLED)
    return site


def check(site: Site, capsys: pytest.CaptureFixture[str], *words: str) -> tuple[int, Any]:
    """Return the exit code, and the problems of each environment."""
    code = main(["config", "check", "--json", *words], root=site.root)
    found = json.loads(capsys.readouterr().out)["config"]["environments"]
    return code, {one["environment"]: [each["what"] for each in one["problems"]] for one in found}


def test_constructor_that_raises_is_a_problem(
    picky: Site, capsys: pytest.CaptureFixture[str]
) -> None:
    code, told = check(picky, capsys)

    assert code == 2
    assert told == {"development": ["Plugin(config) raised ValueError: no token"]}


@pytest.mark.parametrize("words", [[], ["--all"], ["--assume-secrets"]])
def test_secret_in_what_a_plugin_raises_on_import_is_masked(
    picky: Site,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
    words: list[str],
) -> None:
    """Every other command had it masked."""
    monkeypatch.setenv("DATABASE_URL", "postgresql://app:c4nary-of-ours@db/app")
    text = (
        "import os\nraise OSError('http://me:other-c4nary@host, ' + os.environ['DATABASE_URL'])\n"
    )
    picky.write("plugins/picky.py", text)

    code, told = check(picky, capsys, *words)
    main(["config", "check", *words], root=picky.root)

    assert code == 2
    assert "cannot be imported: OSError: http://me:********@host" in told["development"][0]
    assert "c4nary" not in str(told) + capsys.readouterr().out


def test_constructor_that_is_satisfied_is_ok_and_no_hook_is_called(
    picky: Site, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PLUGINS__PICKY__TOKEN", "t0ken")

    assert check(picky, capsys) == (0, {"development": []})
    assert not (picky.root / "called").exists()


@pytest.mark.parametrize("words", [["--all"], ["--env", "production"], ["--assume-secrets"]])
def test_secret_that_is_elsewhere_is_no_false_alarm(
    picky: Site,
    capsys: pytest.CaptureFixture[str],
    words: list[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Of another environment only the files are known: its own variables have the token."""
    if words == ["--all"]:
        monkeypatch.setenv("PLUGINS__PICKY__TOKEN", "t0ken")

    assert check(picky, capsys, *words)[0] == 0


def test_constructor_of_another_environment_is_asked_when_nothing_is_missing(
    picky: Site, capsys: pytest.CaptureFixture[str]
) -> None:
    picky.settings(f"{ENABLED}\n[production.plugins.picky]\nsize = 9\n")
    picky.secrets('[default.plugins.picky]\ntoken = "t0ken"\n')

    code, told = check(picky, capsys, "--all")

    assert (code, told["development"]) == (2, [])
    assert told["production"] == ["Plugin(config) raised ValueError"]


@pytest.mark.parametrize(
    ("name", "url", "what"),
    [
        ("DATABASE_URL", "mysql://app:c4nary@db/app", "only PostgreSQL is supported"),
        ("DATABASE_URL", "db.example", "is not a database URL"),
        ("DATABASE_URL", "embedded", "no plugin turns 'embedded' into a server"),
        ("MIGRATION_DATABASE_URL", "postgresql://a:c4nary@b@db/app", "that can be read"),
        ("REDIS_URL", "redis://:c4nary@db:port/0", "is not a Redis URL that can be read"),
        ("REDIS_URL", "localhost:6379", "is not a Redis URL that can be read"),
    ],
)
@pytest.mark.parametrize("words", [[], ["--all"]])
def test_url_that_cannot_be_read_is_a_problem_without_its_text(
    site: Site,
    capsys: pytest.CaptureFixture[str],
    name: str,
    url: str,
    what: str,
    words: list[str],
) -> None:
    good = 'DATABASE_URL = "postgresql://app@db/app"\n' if name != "DATABASE_URL" else ""
    site.settings(f'[development]\nprotected = false\n{good}{name} = "{url}"\n')

    code, told = check(site, capsys, *words)

    assert code == 2
    assert what in told["development"][0]
    assert "c4nary" not in str(told)


def test_word_of_a_plugin_is_left_to_it(site: Site, capsys: pytest.CaptureFixture[str]) -> None:
    """Only its hook could read it, which may start a server."""
    (site.root / "plugins").mkdir()
    site.write(
        "plugins/servers.py",
        "from sst.hooks import hookimpl\n@hookimpl\ndef resolve_database_url(url): 1 / 0\n",
    )
    site.settings(
        '[development]\nprotected = false\nDATABASE_URL = "mine"\n'
        '[development.plugins]\nenabled = ["servers"]\n'
    )

    assert check(site, capsys)[0] == 0
