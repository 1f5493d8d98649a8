"""An Alembic project without any file of ours: everything has its default, and is protected."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from tests.unit.config.conftest import Site

URL = "postgresql://user@host/name"


@pytest.fixture
def bare(site: Site) -> Site:
    """Return a project that has an alembic.ini and no file of ours."""
    (site.root / "settings.toml").unlink(missing_ok=True)
    site.write("alembic.ini", "[alembic]\n")
    site.environ["DATABASE_URL"] = URL
    return site


@pytest.mark.parametrize("name", ["", "development", "staging", "production", "live"])
def test_any_environment_is_good_and_protected(bare: Site, name: str) -> None:
    bare.environ["ENVIRONMENT"] = name

    settings = bare.load().settings

    assert (settings.environment, settings.protected) == (name or "development", True)
    assert settings.plugins.enabled == ()


@pytest.mark.parametrize("name", ["prodution", "default", "migrate"])
def test_name_that_is_a_slip_is_refused(bare: Site, name: str) -> None:
    bare.environ["ENVIRONMENT"] = name

    [problem] = bare.problems()

    assert problem.subject == "ENVIRONMENT"


def test_guards_hold(bare: Site) -> None:
    bare.environ |= {"DATABASE_URL": "embedded", "SQL_ECHO": "1"}

    assert [each.subject for each in bare.problems()] == ["SQL_ECHO", "DATABASE_URL"]


def test_lost_settings_of_ours_stay_an_error(bare: Site) -> None:
    bare.write(".secrets.toml.example", "")

    [problem] = bare.problems()

    assert (problem.subject, problem.what) == ("settings.toml", "is missing")
    assert "init" in problem.hint


def test_relative_path_of_the_command_line_starts_at_the_working_folder(
    site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    here = site.root / "below"
    here.mkdir()
    monkeypatch.chdir(here)
    site.overrides.append("migrate.alembic_config=../alembic.ini")

    migrate = site.load().settings.migrate

    assert migrate.alembic_config is not None
    assert Path(migrate.alembic_config).resolve() == site.root / "alembic.ini"


@pytest.mark.parametrize("text", ["shop:migrations", "/srv/shop/alembic"])
def test_package_and_absolute_path_stay_as_they_are(site: Site, text: str) -> None:
    site.overrides.append(f"migrate.script_location={text}")

    assert site.load().settings.migrate.script_location == text


def test_relative_path_of_a_file_and_of_a_variable_stays_the_projects(
    site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    site.settings('[default.migrate]\nscript_location = "revisions"\n')
    site.environ["MIGRATE__ALEMBIC_CONFIG"] = "../alembic.ini"
    monkeypatch.chdir("/")

    migrate = site.load().settings.migrate

    assert (migrate.script_location, migrate.alembic_config) == ("revisions", "../alembic.ini")
