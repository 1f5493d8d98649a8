"""A team's own settings, from the declaration to a Docker secret: the steps of the page."""

from __future__ import annotations

import re
import shlex
import urllib.error
import urllib.request
from typing import TYPE_CHECKING

import pytest

from app.settings import AppSettings
from tests.support.clone import Clone
from tests.support.page import SETTINGS_PAGE, commands, examples, python_example

if TYPE_CHECKING:
    from pathlib import Path

PASSWORD = "only-in-the-docker-secret"
FILES = {
    "app/settings.py": "The application's own settings",
    "app/api/uploads.py": "Uploads: how large",
    "plugins/upload_limit.py": "Refuse to migrate while uploads",
    "tests/test_uploads.py": "Uploads, with another limit",
}
pytestmark = pytest.mark.skipif(
    set(AppSettings.model_fields) != {"page_size"},
    reason="the page begins with the application as it is shipped",
)


@pytest.fixture
def clone(tmp_path: Path, database_url: str) -> Clone:
    """Return a copy of the product in which somebody has followed the page."""
    clone = Clone.create(tmp_path / "platform", DATABASE_URL=database_url)
    (clone.root / "tests").mkdir()
    for path, beginning in FILES.items():
        (clone.root / path).write_text(python_example(beginning, SETTINGS_PAGE))
    values, secret = examples("toml", SETTINGS_PAGE)
    [map_line] = examples("text", SETTINGS_PAGE)
    change(clone.root / "settings.toml", r"(?s)\[default\.app\]\n.*?(?=\n\[default\.)", values)
    change(clone.root / "settings.toml", r"(?m)^(enabled = \[.*)\]$", r'\1, "upload_limit"]')
    (clone.root / ".secrets.toml").write_text(secret)
    (clone.root / ".secrets.toml").chmod(0o600)
    routers = clone.root / "app" / "api" / "__init__.py"
    change(routers, "import incidents, sites", "import incidents, sites, uploads")
    change(routers, r"(- `sites)", rf"{map_line}\1")
    change(routers, r"incidents\.router\)", "incidents.router, uploads.router)")
    return clone


def change(path: Path, pattern: str, replacement: str) -> None:
    """Put *replacement* in the place of *pattern*, which has to be there."""
    text, count = re.subn(pattern, replacement, path.read_text(encoding="utf-8"))
    assert count, f"{pattern} is not in {path.name}"
    path.write_text(text, encoding="utf-8")


def upload(address: str, size: int) -> int:
    """Return the status of the answer to a file of *size* bytes."""
    headers = {"Content-Type": "application/octet-stream"}
    request = urllib.request.Request(  # noqa: S310 - loopback
        f"{address}/uploads", data=bytes(size), headers=headers
    )
    try:
        with urllib.request.urlopen(request, timeout=60) as answer:  # noqa: S310 - loopback
            return int(answer.status)
    except urllib.error.HTTPError as error:
        with error:
            return error.code


@pytest.mark.parametrize("command", commands(SETTINGS_PAGE))
def test_command_prints_what_the_page_shows(clone: Clone, command: str) -> None:
    *variables, rest = re.split(r"(?<!\S)(?=python )", command, maxsplit=1)
    given = dict(each.split("=", 1) for each in shlex.split("".join(variables)))
    if "--env production" in rest:
        del clone.variables["DATABASE_URL"]

    printed = clone.run(*shlex.split(rest)[1:], **given)

    assert columns(printed.stdout) == columns(commands(SETTINGS_PAGE)[command])
    assert printed.stderr == ""


def columns(text: str) -> list[str]:
    """Return the lines of *text*, whose columns are tabs when no terminal reads them."""
    return [re.sub(r"\t+|(?<=\S) {2,}", " ", line).rstrip() for line in text.splitlines()]


def test_endpoint_and_plugin_read_the_settings(clone: Clone) -> None:
    refused = clone.run("migrate.py", "upgrade", APP__MAX_UPLOAD_MB="101")
    upgraded = clone.run("migrate.py", "upgrade", "--no-plugin", "backup")
    clone.variables["APP__MAX_UPLOAD_MB"] = "2"
    with clone.serve() as address:
        answers = [upload(address, 2_000_000), upload(address, 2_000_001)]

    assert refused.returncode == 5
    assert "set APP__MAX_UPLOAD_MB=100 or less" in refused.stderr
    assert upgraded.returncode == 0, upgraded.stderr
    assert answers == [201, 413]


def test_test_of_the_page_passes(clone: Clone) -> None:
    tested = clone.run("-m", "pytest", "-q", "-p", "no:cacheprovider", "tests/test_uploads.py")

    assert "3 passed" in tested.stdout, tested.stdout


def test_docker_secret_is_read_and_shown_nowhere(clone: Clone, tmp_path: Path) -> None:
    """The file of the page, at a path of this machine."""
    (clone.root / ".secrets.toml").unlink()
    docker = tmp_path / "mail_password"
    docker.write_text(f"{PASSWORD}\n")
    [(variable, path)] = re.findall(r"(APP__\w+_FILE): (/run/secrets/\w+)", SETTINGS_PAGE)
    clone.variables.update({"ENV_FOR_DYNACONF": "production", variable: str(docker)})

    checked = clone.run("migrate.py", "config", "check")
    shown = clone.run("migrate.py", "config", "show", "--sources")
    read = clone.run(
        "-c",
        "from app.settings import settings\n"
        "print(len(settings.app.mail.password.get_secret_value()), settings)",
    )

    assert path == "/run/secrets/mail_password"
    assert checked.stdout == "production: ok\n"
    assert re.search(rf"APP__MAIL__PASSWORD\t\*+\tenvironment {variable}", shown.stdout)
    assert read.stdout.startswith(f"{len(PASSWORD)} ProjectSettings("), read.stderr
    assert not any(PASSWORD in each.stdout + each.stderr for each in (checked, shown, read))


def test_broken_settings_module_is_named_and_breaks_no_help(clone: Clone) -> None:
    (clone.root / "app" / "settings.py").write_text("class AppSettings(\n")

    helped = clone.run("migrate.py", "--help")
    checked = clone.run("migrate.py", "config", "check")

    assert (helped.returncode, checked.returncode) == (0, 2)
    assert "app.settings cannot be imported: SyntaxError" in checked.stdout
    assert "[app/settings.py:1]" in checked.stdout
