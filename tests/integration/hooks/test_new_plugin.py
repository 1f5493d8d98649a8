"""From nothing to a plugin that runs: the commands of the tutorial, in the places it names."""

from __future__ import annotations

import calendar
import json
import re
import shlex
import tomllib
from typing import TYPE_CHECKING

import pytest

from tests.support.clean_environment import CleanEnvironment
from tests.support.clone import Clone
from tests.support.project import REPOSITORY

if TYPE_CHECKING:
    import subprocess
    from pathlib import Path

    from tests.support.project import Project
    from tests.support.server import TestServer


PAGE = (REPOSITORY / "docs" / "plugin-authors" / "writing-a-plugin.md").read_text(encoding="utf-8")
FILE, TEST, *_ = re.findall(r"```python\n(.*?)```", PAGE, flags=re.DOTALL)
SETTINGS, *_ = re.findall(r"```toml\n(.*?)```", PAGE, flags=re.DOTALL)
COMMANDS = re.findall(r"^\$ (.+)$", PAGE, flags=re.MULTILINE)
NEW, FIRST_TEST, SECOND_TEST, *LOOK, UPGRADE = COMMANDS[:7]
OF_THE_PACKAGE = [
    "python migrate.py plugins new hello --package --directory ..",
    "cd ../hello",
    "python -m venv .venv",
    ".venv/bin/python -m pip install -e '.[test]'",
    ".venv/bin/python -m pytest",
    "python -m pip install ../hello",
    "python migrate.py upgrade",
]
LOCK = (REPOSITORY / "examples" / "requirements.lock").read_text(encoding="utf-8")
INSTALL = ("install", "--quiet", "--no-compile")


@pytest.fixture
def clone(tmp_path: Path, database_url: str) -> Clone:
    """Return a copy of the product with a database of its own."""
    return Clone.create(tmp_path / "platform", DATABASE_URL=database_url)


@pytest.mark.slow
@pytest.mark.timeout(300)
def test_tutorial_from_new_to_run(clone: Clone, server: TestServer) -> None:
    """Every command of the page for a file, in its order, with the edits between them."""
    (clone.root / "tests" / "unit" / "plugins").mkdir(parents=True)
    settings = clone.root / "settings.toml"

    def run(command: str, **variables: str) -> subprocess.CompletedProcess[str]:
        return clone.run(*shlex.split(command)[1:], SST_TEST_DATABASE_URL=server.url, **variables)

    written, tested = run(NEW), run(FIRST_TEST)
    (clone.root / "plugins" / "freeze.py").write_text(FILE)
    (clone.root / "tests" / "unit" / "plugins" / "test_freeze.py").write_text(TEST)
    tested_again = run(SECOND_TEST)
    _, _, rest = settings.read_text().partition("[development.plugins]\n")
    old = "[development.plugins]\n" + rest.partition("\n")[0] + "\n"
    settings.write_text(settings.read_text().replace(old, SETTINGS))
    looked = [run(command) for command in LOOK]
    days = json.dumps(list(calendar.day_name))
    refused = run(UPGRADE, PLUGINS__FREEZE__DAYS=days)
    upgraded = run(UPGRADE, PLUGINS__FREEZE__DAYS="[]", PLUGINS__ENABLED='["freeze"]')

    assert written.stdout in PAGE
    assert "3 passed" in tested.stdout, tested.stdout
    assert "3 passed" in tested_again.stdout, tested_again.stdout
    assert [each.returncode for each in looked] == [0, 0, 0], looked
    assert looked[0].stdout.startswith("1\tfreeze\tlocal")
    assert refused.returncode == 5
    assert "change plugins.freeze.days" in refused.stderr
    assert upgraded.returncode == 0, upgraded.stderr


def test_all_hooks_at_once_pass_their_own_tests(clone: Clone, server: TestServer) -> None:
    from sst.hooks.contract.specs import MODES

    written = clone.run("migrate.py", "plugins", "new", "all_of_them", "--hooks", ",".join(MODES))
    tested = clone.run(
        *("-m", "pytest", "-q", "-p", "no:cacheprovider", "tests/test_all_of_them.py"),
        SST_TEST_DATABASE_URL=server.url,
    )

    assert written.returncode == 0, written.stderr
    assert tested.returncode == 0, tested.stdout
    assert f"{len(MODES) + 3} passed" in tested.stdout


@pytest.mark.parametrize("name", ["freeze", "office-hours"])
def test_printed_line_enables_the_plugin(project: Project, name: str) -> None:
    project.enable("notify")
    project.revision("first")

    written = project.migrate("plugins", "new", name)
    [line] = [line for line in written.stderr.splitlines() if line.startswith("enable it:")]
    enabled = tomllib.loads(line.removeprefix("enable it:").partition("   in ")[0].strip())
    project.enable(*enabled["enabled"])
    result = project.migrate("upgrade")

    module = name.replace("-", "_")
    assert enabled["enabled"] == ["notify", module]
    assert result.exit_code == 0, result.output
    assert result.called("pre_migrate") == (module,)


def test_new_gate_is_advised_before_the_backup(project: Project) -> None:
    project.enable("backup", "notify")

    written = project.migrate("plugins", "new", "freeze")

    assert 'enabled = ["freeze", "backup", "notify"]' in written.stderr
    assert "before backup: a refusal should not cost a dump" in written.stderr


def test_json_names_files_and_line(project: Project) -> None:
    result = project.migrate("plugins", "new", "freeze", "--hooks", "notify", "--json")

    assert result.json["command"] == "plugins new"
    assert result.json["plugin"] == {
        "name": "freeze",
        "hooks": ["notify"],
        "files": [
            str(project.root / "plugins" / "freeze.py"),
            str(project.root / "tests" / "test_freeze.py"),
        ],
        "settings_line": 'enabled = ["freeze"]',
    }


def test_settings_that_cannot_be_read_do_not_keep_a_plugin_from_being_written(
    project: Project,
) -> None:
    (project.root / "settings.toml").write_text("[default\n")

    result = project.migrate("plugins", "new", "freeze", "--json")

    assert result.exit_code == 0
    assert result.json["plugin"]["settings_line"] == 'enabled = ["freeze"]'


@pytest.mark.parametrize(
    ("words", "exit_code", "told"),
    [
        (["import"], 2, "'import' cannot be the name of a new plugin."),
        (["freeze", "--hooks", "notfy"], 2, "did you mean notify?"),
        (["freeze", "--directory", "x"], 2, "add --package"),
        (["upgrade"], 2, "it is a command of migrate.py"),
    ],
)
def test_mistake_is_told_and_writes_nothing(
    project: Project, words: list[str], exit_code: int, told: str
) -> None:
    before = sorted(project.root.rglob("*.py"))

    result = project.migrate("plugins", "new", *words)

    assert result.exit_code == exit_code
    assert told in result.stderr
    assert sorted(project.root.rglob("*.py")) == before


def test_second_time_is_refused(project: Project) -> None:
    project.migrate("plugins", "new", "freeze", "--package", "--directory", str(project.root))

    result = project.migrate(
        "plugins", "new", "freeze", "--package", "--directory", str(project.root)
    )

    assert result.exit_code == 5
    assert "exists already; nothing was written" in result.stderr


@pytest.mark.slow
@pytest.mark.timeout(900)
def test_package_is_written_installed_tested_enabled_and_run(clone: Clone, tmp_path: Path) -> None:
    """The page's commands for a package, in an environment of its own."""
    assert COMMANDS[7:] == OF_THE_PACKAGE
    hello = tmp_path / "hello"
    written = clone.run(
        "migrate.py", "plugins", "new", "hello", "--package", "--directory", str(tmp_path)
    )
    clean = CleanEnvironment(tmp_path / "venv")
    clean.link(LOCK)
    clean.pip(
        *INSTALL, "--no-deps", "--require-hashes", "--requirement", clean.part(LOCK, "setuptools")
    )
    # Nothing but the lock is there to be found: what the package declares is in it, or this fails.
    clean.pip(*INSTALL, "--no-index", "--no-build-isolation", "--editable", f"{hello}[test]")
    clean.pip("check")
    tested = clean.run("-m", "pytest", cwd=hello)
    clean.pip("uninstall", "--quiet", "--yes", "sst-platform")  # the folder is the platform now
    settings = clone.root / "settings.toml"
    settings.write_text(
        settings.read_text().replace(
            'enabled = ["embedded_postgres",', 'enabled = ["hello", "embedded_postgres",'
        )
    )
    upgraded = clean.run("migrate.py", "upgrade", "--json", cwd=clone.root, **clone.variables)

    assert written.returncode == 0, written.stderr
    assert tested.returncode == 0, tested.stdout
    assert "4 passed" in tested.stdout
    assert upgraded.returncode == 0, upgraded.stderr
    assert "hello: 7 to run in" in upgraded.stderr
    assert json.loads(upgraded.stdout)["plugins"][0] == {
        "name": "hello",
        "version": "0.1.0",
        "hooks": ["pre_migrate", "notify"],
    }
