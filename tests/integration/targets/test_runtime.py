"""One runtime for each database of many: its own settings, the same plugins and revisions."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from sst.config.sources.target import Target
from sst.errors import ConfigError
from sst.runtime import open_runtime
from tests.support.many import runtime_of_many

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from sst.runtime import Runtime
    from tests.support.project import Project

CANARY = "canary-of-a-target"


@pytest.fixture
def runtime(project: Project) -> Iterator[Runtime]:
    """Return the runtime of a project with one revision, which is of no database itself."""
    with runtime_of_many(project) as opened:
        yield opened


def target(url: str, settings: dict[str, Any] | None = None) -> Target:
    """Return what is said of one target in the file of the targets."""
    return Target("acme", url, settings or {}, source="targets.toml [acme]")


def test_each_target_is_migrated_on_its_own(
    runtime: Runtime, make_database: Callable[[], str]
) -> None:
    first, second = make_database(), make_database()

    with runtime.for_target(target(first)) as one:
        report = one.migrator.upgrade()
    with runtime.for_target(target(second)) as other:
        untouched = other.migrator.status()

    assert [len(report.applied), untouched.state] == [1, "empty"]


def test_settings_of_a_target_beat_those_of_the_environment(
    project: Project, database_url: str
) -> None:
    environ = {
        **project.environment,
        "MIGRATE__LOCK_WAIT": "7",
        "MIGRATION_DATABASE_URL": "unused",
    }
    with open_runtime(project.root, environ=environ) as opened:
        found = opened.for_target(target(database_url, {"migrate": {"lock_wait": 3}}))

    assert found.settings.migrate.lock_wait == 3
    assert found.migration_url.reveal() == found.database_url.reveal() == database_url


@pytest.mark.parametrize("settings", [{"migrate.lock_wait": "3"}, {"MIGRATE.LOCK_WAIT": "3"}])
def test_settings_of_a_table_are_texts_by_key(runtime: Runtime, settings: dict[str, Any]) -> None:
    found = runtime.for_target(target("postgresql:///acme", settings))

    assert found.settings.migrate.lock_wait == 3


def test_command_line_beats_what_is_said_of_a_target(project: Project) -> None:
    overrides = ["migrate.lock_wait=9"]
    with open_runtime(project.root, environ=project.environment, overrides=overrides) as opened:
        found = opened.for_target(target("postgresql:///acme", {"migrate": {"lock_wait": 3}}))

    assert found.settings.migrate.lock_wait == 9


@pytest.mark.parametrize(
    ("settings", "subject"),
    [
        ({"migrate": {"script_location": "elsewhere"}}, "MIGRATE__SCRIPT_LOCATION"),
        ({"plugins": {"enabled": ["backup"]}}, "PLUGINS__ENABLED"),
        ({"plugins": {"notify": {"required": True}}}, "PLUGINS__NOTIFY__REQUIRED"),
        ({"log_level": "DEBUG"}, "LOG_LEVEL"),
        ({"protected": False}, "PROTECTED"),
        ({"database_url": "postgresql:///other"}, "DATABASE_URL"),
        ({"migrate": {"lock_wiat": 3}}, "MIGRATE__LOCK_WIAT"),
    ],
)
def test_setting_that_a_target_cannot_have_is_named_with_its_place(
    runtime: Runtime, settings: dict[str, Any], subject: str
) -> None:
    with pytest.raises(ConfigError) as raised:
        runtime.for_target(target("postgresql:///acme", settings))

    assert [(each.subject, each.source) for each in raised.value.problems] == [
        (subject, "target acme (targets.toml [acme])")
    ]


def test_password_of_a_target_is_a_secret(runtime: Runtime) -> None:
    url = f"postgresql://acme:{CANARY}@db.example/acme"

    found = runtime.for_target(target(url))

    assert CANARY not in found.redact(f"could not connect: {url}")
    assert CANARY not in repr(target(url))
