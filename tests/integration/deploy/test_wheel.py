"""The wheel in a clean environment drives projects that `alembic init` has made."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tests.support.alembic_init import has_template, make_project
from tests.support.driven import asyncpg_url
from tests.support.wheel import Installed, answer, build_wheel, is_installed, names_in

if TYPE_CHECKING:
    import subprocess

TEMPLATES = ("generic", "async", "pyproject")
OF_THIS_REPOSITORY = ("app", "plugins", "migrate", "tests", "alembic.env")

pytestmark = pytest.mark.slow


@pytest.fixture(scope="session")
def installed(tmp_path_factory: pytest.TempPathFactory) -> Installed:
    """Return the environment that has the wheel; one for all tests."""
    return Installed.create(tmp_path_factory.mktemp("installed"))


@pytest.fixture(params=TEMPLATES)
def template(request: pytest.FixtureRequest) -> str:
    """Return a template of `alembic init`; the lowest Alembic lacks one of them."""
    name = str(request.param)
    if not has_template(name):
        pytest.skip(f"this Alembic has no template {name}")
    return name


@pytest.mark.skipif(is_installed(), reason="there is no checkout to build")
def test_wheel_holds_the_core_and_nothing_else_at_the_top(tmp_path: Path) -> None:
    names = names_in(build_wheel(tmp_path))

    assert {name.partition("/")[0] for name in names} == {"sst", "sst_platform-0.1.0.dist-info"}
    assert "sst/_built_in/plugins/backup/__init__.py" in names
    assert "sst/_built_in/alembic/script.py.mako" in names
    assert "sst/py.typed" in names
    assert not [name for name in names if name.endswith(("/env.py", ".pyc"))]


def test_environment_has_the_core_from_the_wheel_and_no_folder_of_the_repository(
    installed: Installed, tmp_path: Path
) -> None:
    """What the tests below prove they prove of the wheel."""
    assert Path(installed.imported("sst", tmp_path)).is_relative_to(installed.packages)
    for name in OF_THIS_REPOSITORY:
        assert installed.imported(name, tmp_path) == "", name
    assert "site-packages" in installed.imported("alembic", tmp_path)


@pytest.mark.external
def test_project_without_any_file_of_ours_is_driven(
    installed: Installed, template: str, tmp_path: Path, database_url: str
) -> None:
    """Its own package is called app, and env.py imports from it."""
    project = make_project(tmp_path / "shop", template)
    url = asyncpg_url(database_url) if template == "async" else database_url

    def sst(*words: str, cwd: Path = project) -> subprocess.CompletedProcess[str]:
        return installed.run("sst", *words, cwd=cwd, DATABASE_URL=url)

    written = sst("revision", "-m", "add site", "--autogenerate", "--json")
    pending = sst("check", "--json")
    planned = sst("plan", "--sql", cwd=project / "app" / "api")
    upgraded = sst("upgrade", "--json", cwd=project / "app")
    after = sst("check", cwd=project / "app" / "api")
    history = sst("history", "--json")

    assert written.returncode == 0, written.stderr
    assert Path(answer(written)["path"]).parent == project / "alembic" / "versions"
    assert (pending.returncode, answer(pending)["environment"]) == (3, "development")
    assert "CREATE TABLE site" in planned.stdout, planned.stderr
    assert (upgraded.returncode, len(answer(upgraded)["applied"])) == (0, 1), upgraded.stderr
    assert after.returncode == 0, after.stdout + after.stderr
    assert [each["state"] for each in answer(history)["revisions"]] == ["applied"]
    assert sorted(path.name for path in project.iterdir() if path.suffix == ".toml") == (
        ["pyproject.toml"] if template == "pyproject" else []
    )


@pytest.mark.external
def test_src_layout_is_driven_from_a_subfolder(
    installed: Installed, tmp_path: Path, database_url: str
) -> None:
    project = make_project(tmp_path / "shop", "generic", source="src")
    inside = project / "src" / "app"

    written = installed.run(
        "sst", "revision", "-m", "site", "--autogenerate", cwd=inside, DATABASE_URL=database_url
    )
    upgraded = installed.run("sst", "upgrade", "--json", cwd=inside, DATABASE_URL=database_url)

    assert written.returncode == 0, written.stderr
    assert len(answer(upgraded)["applied"]) == 1


def test_package_that_is_not_found_is_told_with_the_option_of_the_ini(
    installed: Installed, tmp_path: Path, database_url: str
) -> None:
    project = make_project(tmp_path / "shop", "generic", source="src")
    ini = project / "alembic.ini"
    ini.write_text(ini.read_text().replace("prepend_sys_path = src", ""))

    refused = installed.run("sst", "check", cwd=project, DATABASE_URL=database_url)

    assert refused.returncode == 2
    assert "No module named 'app'" in refused.stderr
    assert "name the folder that holds it in prepend_sys_path" in refused.stderr


def test_module_beside_the_script_is_none_of_the_project(
    installed: Installed, tmp_path: Path, database_url: str
) -> None:
    """Python puts a script's own folder first on its path."""
    project = make_project(tmp_path / "shop", "generic")
    beside = installed.prefix / "bin" / "app.py"
    beside.write_text("raise RuntimeError('the wrong app')\n")
    try:
        checked = installed.run("sst", "check", cwd=project, DATABASE_URL=database_url)
    finally:
        beside.unlink()

    assert checked.returncode == 0, checked.stderr


@pytest.mark.parametrize("as_json", [False, True], ids=["text", "json"])
def test_folder_without_a_project_is_told_what_was_looked_for(
    installed: Installed, tmp_path: Path, *, as_json: bool
) -> None:
    refused = installed.run("sst", "check", *(["--json"] if as_json else []), cwd=tmp_path)

    told = answer(refused)["error"]["message"] if as_json else refused.stderr
    assert refused.returncode == 2
    assert f"There is no project in {tmp_path}" in told
    assert "looked for settings.toml, alembic.ini, and [tool.alembic] in a pyproject.toml" in told
    assert as_json or len(refused.stderr.splitlines()) == 3


def test_built_in_plugins_are_enabled_by_name(
    installed: Installed, tmp_path: Path, database_url: str
) -> None:
    project = make_project(tmp_path / "shop", "generic")
    variables = {"DATABASE_URL": database_url, "PLUGINS__ENABLED": "backup,health_check"}

    listed = installed.run("sst", "plugins", "list", "--json", cwd=project, **variables)
    locked = installed.run("sst", "plugins", "lock", cwd=project, **variables)
    backups = installed.run("sst", "backup", "list", "--json", cwd=project, **variables)

    entries = {each["name"]: each for each in answer(listed)["plugins"]}
    assert (entries["backup"]["kind"], entries["backup"]["state"]) == ("built_in", "enabled")
    assert locked.returncode == 0, locked.stderr
    assert 'kind = "built_in"' in (project / "plugins.lock").read_text()
    assert answer(backups)["ok"], answer(backups)["error"]


def test_init_makes_a_project_that_works(
    installed: Installed, tmp_path: Path, database_url: str
) -> None:
    project = make_project(tmp_path / "shop", "generic")

    made = installed.run("sst", "init", cwd=project / "app")
    checked = installed.run("sst", "check", "--json", cwd=project, DATABASE_URL=database_url)

    assert made.returncode == 0, made.stderr
    assert "sst check" in made.stderr
    assert answer(checked)["error"]["code"] == "drift", (
        "health_check misses the table of the models"
    )
    assert [each["name"] for each in answer(checked)["plugins"]] == [
        *("backup", "health_check", "notify", "safe_ddl"),
    ]
