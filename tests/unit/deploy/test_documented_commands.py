"""The commands of the deployment guide and of our pages fit the compose file and `migrate.py`."""

from __future__ import annotations

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
PAGES = tuple(f"docs/operators/{name}.md" for name in ("deployment", "despliegue", "containers"))


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
    profiles = {p for service in services.values() for p in service.get("profiles", ())}

    for page, command in page_commands():
        assert command.profiles <= profiles, (page, command)
        assert set(command.services) <= set(services), (page, command)


def test_documented_commands_find_every_dependency_active(compose: dict[str, Any]) -> None:
    """A service that depends on one of an inactive profile makes the whole model invalid."""
    for page, command in page_commands():
        active = active_services(compose, command.profiles) | set(command.services)
        needed = {d for name in active for d in compose["services"][name].get("depends_on", ())}

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
