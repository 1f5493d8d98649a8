"""A team's own settings in a clone of this repository, by commands and processes of their own."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

from tests.support.clone import Clone

if TYPE_CHECKING:
    from pathlib import Path

CANARY = "hunter2-canary"
OWN = '''"""The application's own settings."""

from __future__ import annotations

from pydantic import AnyUrl, BaseModel, Field, SecretStr

from sst.settings import project_settings


class Mail(BaseModel):
    """Where messages go."""

    host: str = Field("localhost", description="The server that sends.")
    password: SecretStr | None = None
    url: AnyUrl | None = None


class AppSettings(BaseModel):
    """Filled from every source."""

    page_size: int = Field(50, ge=1, alias="pageSize")
    max_upload_mb: int = Field(10, description="The largest file.")
    mail: Mail = Mail()


settings = project_settings(AppSettings)
'''


@pytest.fixture
def clone(tmp_path: Path) -> Clone:
    """Return a clone with a mail section and a secret in it; nothing connects."""
    found = Clone.create(
        tmp_path / "clone",
        ENVIRONMENT="development",
        DATABASE_URL="postgresql://app@127.0.0.1:1/none",
        PLUGINS__ENABLED="[]",
        APP__MAIL__PASSWORD=CANARY,
        APP__MAIL__URL=f"https://u:{CANARY}@mail.example/",
    )
    write(found, OWN)
    return found


def write(clone: Clone, text: str, file: str = "app/settings.py") -> None:
    """Write a file of the clone."""
    (clone.root / file).write_text(text, encoding="utf-8")


def config(clone: Clone, *words: str) -> Any:  # noqa: ANN401 - what JSON can hold
    """Return what a `config` command says as JSON."""
    done = clone.run("migrate.py", "config", *words, "--json")
    assert done.returncode == 0, done.stdout
    assert CANARY not in done.stdout + done.stderr
    return json.loads(done.stdout)["config"]


def test_a_script_prints_its_settings_without_a_secret(clone: Clone) -> None:
    code = "from app.settings import settings; print(settings, settings.app, settings.app.mail)"

    done = clone.run("-c", code)

    assert done.returncode == 0, done.stderr
    assert "mail=Mail(host='localhost', url=AnyUrl('https://u:********@mail.example/'))" in (
        done.stdout
    )
    assert CANARY not in done.stdout


def test_importing_them_reads_no_file(clone: Clone) -> None:
    (clone.root / "settings.toml").unlink()

    done = clone.run("-c", "from app.settings import settings")
    used = clone.run("-c", "from app.settings import settings; settings.debug")

    assert (done.returncode, done.stderr) == (0, "")
    assert "settings.toml: is missing" in used.stderr


def test_another_working_folder_finds_the_project(clone: Clone) -> None:
    code = "import os; os.chdir('/'); from app.settings import settings; print(settings.app)"

    done = clone.run("-c", code, PYTHONPATH=str(clone.root))

    assert "page_size=50" in done.stdout, done.stderr


@pytest.mark.parametrize("name", ["app.mail.host", "APP__MAIL__HOST"])
def test_explain_says_whose_it_is_and_where_it_is_written(clone: Clone, name: str) -> None:
    found = config(clone, "explain", name)

    assert {key: found[key] for key in ("name", "key", "default", "owner", "plugin")} == {
        "name": "APP__MAIL__HOST",
        "key": "app.mail.host",
        "default": "localhost",
        "owner": "the application",
        "plugin": None,
    }


def test_show_names_the_secret_file(clone: Clone) -> None:
    write(clone, f"{CANARY}\n", "mail-password")
    del clone.variables["APP__MAIL__PASSWORD"]
    clone.variables["APP__MAIL__PASSWORD_FILE"] = "mail-password"

    found = {one["name"]: one for one in config(clone, "show", "--sources")["settings"]}

    password = found["APP__MAIL__PASSWORD"]
    assert (password["value"], password["source"]) == (
        "********",
        "environment APP__MAIL__PASSWORD_FILE",
    )
    assert found["APP__MAIL__URL"]["value"] == "https://u@mail.example/"


def test_diff_compares_them_and_masks_the_secret(clone: Clone) -> None:
    with (clone.root / "settings.toml").open("a") as file:
        file.write("[production.app]\nmax_upload_mb = 20\n")
    write(clone, f'[production]\napp.mail.password = "{CANARY}"\n', ".secrets.toml")
    (clone.root / ".secrets.toml").chmod(0o600)

    found = {
        one["name"]: one
        for one in config(clone, "diff", "development", "production")["differences"]
    }

    assert (found["APP__MAX_UPLOAD_MB"]["left"], found["APP__MAX_UPLOAD_MB"]["right"]) == (10, 20)
    assert found["APP__MAIL__PASSWORD"]["right"] == "********"


def test_the_schema_has_them_by_name_and_alias(clone: Clone) -> None:
    text = json.dumps(config(clone, "schema"))

    for word in ('"max_upload_mb"', '"pageSize"', '"page_size"', "The server that sends."):
        assert word in text


def test_env_py_sees_what_the_command_line_sets(clone: Clone, database_url: str) -> None:
    clone.variables["DATABASE_URL"] = database_url
    with (clone.root / "alembic" / "env.py").open("a") as file:
        file.write("from app.settings import settings\nprint('SEEN', settings.app)\n")

    done = clone.run(
        "migrate.py", "upgrade", "--set", "APP__PAGE_SIZE=77", "--set", "app.mail.host=other"
    )

    assert done.returncode == 0, done.stderr
    said = done.stdout + done.stderr
    assert "SEEN page_size=77 max_upload_mb=10 mail=Mail(host='other'" in said
    assert CANARY not in said


def test_a_store_is_asked_once_when_the_application_has_loaded_already(clone: Clone) -> None:
    write(
        clone,
        """
from sst.hooks import hookimpl

@hookimpl
def config_values(environment, wanted):
    with open("asked", "a") as file:
        file.write("x")
    return {"APP__MAX_UPLOAD_MB": "33"} if "APP__MAX_UPLOAD_MB" in wanted else {}
""",
        "plugins/store.py",
    )
    code = "import app.main; from app.settings import settings as s; print(s.app.max_upload_mb)"

    done = clone.run(
        "-c",
        f"from app.settings import settings; settings.debug; {code}",
        PLUGINS__ENABLED='["store"]',
    )

    assert done.stdout.splitlines()[-1:] == ["33"], done.stderr
    assert (clone.root / "asked").read_text() == "x"


BROKEN = {
    "raises": ("raise RuntimeError('boom')\n", "RuntimeError: boom [app/settings.py:1]"),
    "no syntax": ("x = (\n", "never closed (settings.py, line 1) [app/settings.py:1]"),
}


@pytest.fixture(params=BROKEN)
def broken(request: pytest.FixtureRequest, clone: Clone) -> tuple[Clone, str]:
    """Return a clone whose app/settings.py is broken, and how that is told."""
    text, told = BROKEN[request.param]
    write(clone, text)
    return clone, told


def test_a_broken_module_breaks_no_help(broken: tuple[Clone, str]) -> None:
    for words in (["--help"], ["upgrade", "--help"], ["config", "check", "--help"]):
        assert broken[0].run("migrate.py", *words).returncode == 0


@pytest.mark.parametrize("command", [["config", "check"], ["current"], ["upgrade"]])
def test_a_broken_module_is_named_by_every_command(
    broken: tuple[Clone, str], command: list[str]
) -> None:
    clone, told = broken

    done = clone.run("migrate.py", *command)

    assert done.returncode == 2
    assert told in done.stdout + done.stderr
    assert "Traceback" not in done.stderr


def test_a_broken_module_is_named_by_the_web_door(broken: tuple[Clone, str]) -> None:
    clone, told = broken

    done = clone.run("-m", "uvicorn", "app.main:app", "--port", "0")

    assert done.returncode == 2
    assert len(done.stderr.splitlines()) == 3
    assert told in done.stderr


def test_web_door_names_what_is_typed_outside_its_container(clone: Clone) -> None:
    """Nobody can type anything in a container that does not start."""
    outside = "docker compose run --rm migrate"

    done = clone.run(
        *("-m", "uvicorn", "app.main:app", "--port", "0"),
        SST_COMMAND=outside,
        LOG_LEVEL="LOUD",
    )

    assert done.returncode == 2
    assert f"`{outside} config check`" in done.stderr


def test_a_package_of_the_same_name_elsewhere_is_not_taken(clone: Clone, tmp_path: Path) -> None:
    other = tmp_path / "elsewhere" / "app"
    other.mkdir(parents=True)
    for file in ("__init__.py", "settings.py"):
        (other / file).write_text("raise RuntimeError('the wrong one')\n")

    done = clone.run("migrate.py", "config", "check", PYTHONPATH=str(other.parent))

    assert (done.returncode, done.stdout) == (0, "development: ok\n"), done.stderr
