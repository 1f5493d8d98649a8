"""The commands of the deployment guide and of our pages fit the compose file and `migrate.py`."""

from __future__ import annotations

import re
from typing import Any

import pytest

from plugins.backup import Config
from plugins.backup.commands.commands import commands_of
from sst.cli.main import COMMANDS
from tests.support.compose import (
    ROOT,
    ComposeCommand,
    active_services,
    compose_commands,
    load_compose,
    migrate_words,
    shell_lines,
)

# Every compose command of the Spanish deployment guide, as it is written there.
GUIDE = """
```bash
docker-compose up -d db redis
docker-compose --profile migration up migrate
docker-compose logs migrate
docker-compose up -d app
docker-compose --profile production up -d
docker-compose exec app python migrate.py check
docker-compose restart app
docker-compose logs -f app
docker-compose ps db
docker-compose logs db
docker-compose exec app python migrate.py current
docker-compose logs app | grep -E "(ERROR|WARNING|Migration)"
docker-compose logs db | tail -50
docker-compose stop app
docker-compose build app
docker compose run --rm migrate upgrade
```
"""
PAGES = tuple(
    f"docs/operators/{name}.md"
    for name in ("deployment", "despliegue", "containers", "container-settings")
)


@pytest.fixture
def compose() -> dict[str, Any]:
    """Return the compose file with its default values."""
    return load_compose()


def page_commands() -> list[tuple[str, ComposeCommand]]:
    """Return every compose command of the guide and of our own pages, with its origin."""
    texts = {"guide": GUIDE} | {page: (ROOT / page).read_text("utf-8") for page in PAGES}
    return [(name, command) for name, text in texts.items() for command in compose_commands(text)]


def test_guide_and_pages_hold_commands() -> None:
    """Without this, a broken reader of Markdown would let the tests below pass on nothing."""
    found = [name for name, _ in page_commands()]

    assert found.count("guide") == 16
    assert set(found) == {"guide", *PAGES}


def test_documented_commands_name_services_and_profiles_that_exist(
    compose: dict[str, Any],
) -> None:
    """A page that names a service which is gone sends people into an error."""
    services = compose["services"]
    profiles = {"*"} | {p for service in services.values() for p in service.get("profiles", ())}

    for page, command in page_commands():
        assert command.profiles <= profiles, (page, command)
        assert set(command.services) <= set(services), (page, command)


def test_documented_commands_find_every_dependency_active(compose: dict[str, Any]) -> None:
    """A service that depends on one of an inactive profile makes the whole model invalid."""
    for page, command in page_commands():
        active = active_services(compose, command.profiles) | set(command.services)
        needed = {
            dependency
            for name in active
            for dependency, rule in compose["services"][name].get("depends_on", {}).items()
            if rule.get("required", True)
        }

        assert needed <= active, (page, command)


def test_documented_migrate_commands_exist() -> None:
    """The pages promise no command that `migrate.py`, with its own plugins, does not have."""
    known = {*COMMANDS, *(str(command.name) for command in commands_of(Config()))}

    for page in PAGES:
        words = migrate_words((ROOT / page).read_text("utf-8"))

        assert words, page
        assert set(words) <= known, page


def test_both_languages_give_the_same_commands() -> None:
    """Whoever corrects one of the two pages is reminded of the other."""
    english, spanish = (compose_commands((ROOT / page).read_text("utf-8")) for page in PAGES[:2])

    assert english == spanish


def page_lines() -> list[tuple[str, str]]:
    """Return every line of code of our own pages, with its page."""
    return [(p, line) for p in PAGES for line in shell_lines((ROOT / p).read_text("utf-8"))]


def test_builds_name_the_commit() -> None:
    """An image that was built without it says nothing in `/version` and in the ledger."""
    builds = [(p, ln) for p, ln in page_lines() if re.search(r"docker(?:[- ]compose)? build ", ln)]

    assert {page for page, _ in builds} == set(PAGES)
    assert [line for _, line in builds if "GIT_COMMIT=$(git rev-parse HEAD)" not in line] == []


def test_application_is_awaited_where_it_is_started() -> None:
    """`up -d` returns before it serves, and the next line asks it."""
    starts = [line for _, line in page_lines() if re.search(r" up -d\b.* app$", line)]

    assert starts
    assert [line for line in starts if "--wait" not in line] == []


def test_migration_that_is_started_by_up_returns_its_exit_code() -> None:
    """Without the option `up` returns 0 for a failed run, and a script goes on."""
    runs = [(p, line) for p, line in page_lines() if re.search(r" up\b.* migrate$", line)]

    assert {page for page, _ in runs} == set(PAGES[:2])
    assert [line for _, line in runs if "--exit-code-from migrate" not in line] == []


def test_removal_reaches_the_services_of_every_profile() -> None:
    """A plain `down` leaves the proxy, and with it the network."""
    for page in PAGES[:2]:
        found = re.findall(r"compose [^`\n]*\bdown\b", (ROOT / page).read_text("utf-8"))

        assert found == ["compose --profile '*' down"], page


def test_rollback_takes_an_image_that_was_tagged_and_builds_none() -> None:
    """Compose would build a tag that is missing, from the code that is to be rolled back."""
    for page in PAGES[:2]:
        lines = [line for p, line in page_lines() if p == page]
        rollbacks = [line for line in lines if line.startswith("SST_IMAGE=")]

        assert rollbacks == [
            "SST_IMAGE=sst-platform:COMMIT docker compose up -d --wait --no-build app"
        ], page


def test_image_is_tagged_only_when_it_was_built() -> None:
    """After a build that failed, `local` is the image of another commit."""
    tag = re.compile(r"\bdocker tag sst-platform:local sst-platform:\$\(git rev-parse HEAD\)$")
    built = re.compile(r"docker[- ]compose build app +&& docker tag ")
    tagged = [(page, line) for page, line in page_lines() if "docker tag" in line]

    assert [page for page, _ in tagged] == [page for page in PAGES[:2] for _ in range(2)]
    assert [line for _, line in tagged if not (tag.search(line) and built.search(line))] == []


def test_image_is_that_of_the_variable_where_it_is_set(compose: dict[str, Any]) -> None:
    """What a rollback by tag stands on."""
    rolled_back = load_compose(SST_IMAGE="sst-platform:1234")["services"]["app"]

    assert compose["services"]["app"]["image"] == "sst-platform:local"
    assert rolled_back["image"] == "sst-platform:1234"
