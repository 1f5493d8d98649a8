"""The `config` commands from the outside: text, JSON and exit codes."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

from sst.cli.main import main

if TYPE_CHECKING:
    from tests.unit.config.conftest import Site

_CANARY = "hunter2-canary"


@pytest.fixture(autouse=True)
def clean_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    """Remove what the commands would read from this process."""
    for name in ("ENVIRONMENT", "ENV_FOR_DYNACONF", "DATABASE_URL", "DEBUG"):
        monkeypatch.delenv(name, raising=False)


@pytest.fixture
def secret(site: Site) -> Site:
    """Return a project with a secret."""
    site.secrets(f'[default]\nDATABASE_URL = "postgresql://app:{_CANARY}@db:5432/sst"\n')
    return site


def run(site: Site, capsys: pytest.CaptureFixture[str], *words: str) -> tuple[int, str, str]:
    """Run `migrate.py config WORDS` on *site*; return exit code, stdout and stderr."""
    code = main(["config", *words], root=site.root)
    captured = capsys.readouterr()
    assert _CANARY not in captured.out + captured.err
    return code, captured.out, captured.err


def run_json(site: Site, capsys: pytest.CaptureFixture[str], *words: str) -> dict[str, Any]:
    """Run a command with `--json` and return its one object."""
    code, out, err = run(site, capsys, *words, "--json")
    found: dict[str, Any] = json.loads(out)
    assert (found["exit_code"], err) == (code, "")
    return found


def test_show_prints_settings_and_sources(
    secret: Site, capsys: pytest.CaptureFixture[str]
) -> None:
    code, out, _ = run(secret, capsys, "show", "--sources")

    assert code == 0
    assert "DATABASE_URL\tpostgresql://app@db:5432/sst\t.secrets.toml:2 [default]\n" in out


def test_show_as_json_holds_the_same(secret: Site, capsys: pytest.CaptureFixture[str]) -> None:
    found = run_json(secret, capsys, "show")

    assert (found["ok"], found["command"], found["environment"]) == (
        True,
        "config show",
        "development",
    )
    lines = {line["name"]: line for line in found["config"]["settings"]}
    assert lines["DATABASE_URL"]["source"] == ".secrets.toml:2 [default]"


def test_check_of_a_sound_configuration_is_0(
    secret: Site, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(secret, capsys, "check")[:2] == (0, "development: ok\n")


def test_check_of_all_is_2_with_every_problem(
    site: Site, capsys: pytest.CaptureFixture[str]
) -> None:
    code, out, _ = run(site, capsys, "check", "--all")

    assert code == 2
    assert out.startswith("development: ok\nproduction: 1 problem\n  DATABASE_URL: ")


def test_check_for_continuous_integration_needs_no_secrets(
    site: Site, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(site, capsys, "check", "--all", "--assume-secrets")[0] == 0


def test_check_as_json_lists_the_problems(site: Site, capsys: pytest.CaptureFixture[str]) -> None:
    found = run_json(site, capsys, "check", "--env", "production")

    assert (found["ok"], found["exit_code"], found["environment"]) == (False, 2, "production")
    (environment,) = found["config"]["environments"]
    assert environment["problems"][0]["subject"] == "DATABASE_URL"


def test_wrong_configuration_is_2_and_prints_no_result(
    site: Site, capsys: pytest.CaptureFixture[str]
) -> None:
    code, out, err = run(site, capsys, "show", "--set", "DEBUG=maybe", "--set", "DB_POOL_SIZE=x")

    assert (code, out) == (2, "")
    assert "DEBUG" in err
    assert "DB_POOL_SIZE" in err
    assert "Traceback" not in err


def test_explain_prints_the_sources(secret: Site, capsys: pytest.CaptureFixture[str]) -> None:
    code, out, _ = run(
        secret,
        capsys,
        "explain",
        "database_url",
        "--set",
        f"DATABASE_URL=postgresql://u:{_CANARY}@h/x",
    )

    assert code == 0
    assert "in force\tpostgresql://u@h/x\t--set DATABASE_URL\n" in out
    assert "overruled\tpostgresql://app@db:5432/sst\t.secrets.toml:2 [default]" in out


def test_explain_of_an_unknown_setting_is_2(
    site: Site, capsys: pytest.CaptureFixture[str]
) -> None:
    code, _, err = run(site, capsys, "explain", "LOG_LEVLE")

    assert code == 2
    assert "did you mean 'LOG_LEVEL'?" in err


def test_diff_prints_what_differs(site: Site, capsys: pytest.CaptureFixture[str]) -> None:
    site.settings("[development]\nDB_POOL_SIZE = 3\n[production]\n")

    code, out, _ = run(site, capsys, "diff", "development", "production")

    assert (code, out) == (0, "SETTING\tdevelopment\tproduction\nDB_POOL_SIZE\t3\t5\n")


def test_schema_is_json(site: Site, capsys: pytest.CaptureFixture[str]) -> None:
    code, out, _ = run(site, capsys, "schema")

    assert code == 0
    assert set(json.loads(out)["properties"]) == {"default", "development", "production"}


def test_plugin_brings_its_settings(site: Site, capsys: pytest.CaptureFixture[str]) -> None:
    (site.root / "plugins").mkdir()
    site.write(
        "plugins/greeter.py",
        """
        from pydantic import BaseModel
        from sst.hooks import hookimpl

        class Config(BaseModel):
            greeting: str = "hello"

        class Plugin:
            def __init__(self, config):
                pass

            @hookimpl
            def register_checks(self):
                return []
        """,
    )
    site.settings('[development.plugins]\nenabled = ["greeter"]\n[production]\n')

    code, out, _ = run(site, capsys, "show")

    assert code == 0
    assert "PLUGINS__GREETER__GREETING\thello\n" in out
    found = run_json(site, capsys, "diff", "development", "production")
    assert "PLUGINS__GREETER__GREETING" in {one["name"] for one in found["config"]["differences"]}


def test_secret_store_is_not_asked_for_another_environment(
    site: Site, capsys: pytest.CaptureFixture[str]
) -> None:
    """`check --all` in CI must not log in to the production vault."""
    (site.root / "plugins").mkdir()
    site.write(
        "plugins/vault.py",
        """
        from pathlib import Path

        from sst.hooks import hookimpl

        @hookimpl
        def config_values(environment, wanted):
            Path(__file__).with_name("asked").write_text(environment)
            return {"DATABASE_URL": "postgresql://u:hunter2-canary@h/x"}
        """,
    )
    site.settings('[development]\n[production.plugins]\nenabled = ["vault"]\n')

    code, out, _ = run(site, capsys, "check", "--env", "production")

    assert (code, out) == (0, "production: ok\n")
    assert not (site.root / "plugins" / "asked").exists()


def test_secret_store_that_has_nothing_leaves_the_database_missing(
    site: Site, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """It was asked and knows no value: production must not be called sound."""
    (site.root / "plugins").mkdir()
    site.write(
        "plugins/vault.py",
        """
        from sst.hooks import hookimpl

        @hookimpl
        def config_values(environment, wanted):
            return {}
        """,
    )
    site.settings('[development]\n[production.plugins]\nenabled = ["vault"]\n')
    monkeypatch.setenv("ENVIRONMENT", "production")

    code, out, _ = run(site, capsys, "check")

    assert code == 2
    assert "DATABASE_URL: is required in production" in out
