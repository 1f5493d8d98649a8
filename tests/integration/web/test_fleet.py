"""All databases on the list, as `/metrics` and the state page have them from the watch."""

from __future__ import annotations

import re
import signal
import subprocess
import sys
from html import unescape
from typing import TYPE_CHECKING

import pytest

from tests.support.fleet import STATES, execute, list_targets, six_databases
from tests.support.forks import wait_until
from tests.support.hurt_server import hurt_server
from tests.support.metrics import Figures, scraped
from tests.support.project import REPOSITORY
from tests.support.served import PASSWORD, TOKEN, serve_project

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from tests.support.project import Project
    from tests.support.served import Served

OPEN = {"METRICS": "open"}
ONCE = {"MIGRATE__TARGETS__WATCH_EVERY": "3600", **OPEN}
CREATE = """
import sys
from sst.web import create_app
create_app()
print(*(name in sys.modules for name in ("sst.fleet.inventory.watch", "sst.targets.read")))
"""
WATCHERS = 2
"""`migrate.targets.watch_at_once` as shipped: so many looks begin before the first has ended."""
OFTEN = {"MIGRATE__TARGETS__WATCH_EVERY": "0.2", **OPEN}


@pytest.fixture
def urls(
    project: Project, make_database: Callable[[], str], refusing_url: str
) -> Mapping[str, str]:
    """Return the URLs of six databases on the list of *project*, by their names."""
    return six_databases(project, make_database, refusing_url)


def counts(served: Served) -> dict[str, float]:
    """Return how many databases are in each state that any is in."""
    return _counts(scraped(served))


def _counts(found: Figures) -> dict[str, float]:
    return {
        state: found.value("fleet_targets", state=state) or 0
        for state in found.hot("fleet_targets", "state")
    }


def databases(served: Served) -> str:
    """Return what the page says of all databases."""
    html = served.get("/state", token=TOKEN).text
    part = html.partition('<section id="databases"')[2].partition("</section>")[0]
    return " ".join(unescape(re.sub(r"<[^>]*>", " ", part.partition(">")[2])).split())


def is_seen(served: Served) -> bool:
    """Say whether a look has come to each database."""
    found = counts(served)
    return bool(found) and "unseen" not in found


@pytest.mark.usefixtures("urls")
def test_databases_are_counted_and_the_page_names_those_in_trouble(project: Project) -> None:
    with serve_project(project, **ONCE) as served:
        wait_until(lambda: is_seen(served), "all are seen")
        found, page = scraped(served), databases(served)
        again = served.get("/state", token=TOKEN).text

    assert _counts(found) == {
        state: list(STATES.values()).count(state) for state in STATES.values()
    }
    assert found.value("fleet_failed_targets") == 1
    assert found.value("fleet_running_targets") == 0
    assert found.value("fleet_list_readable") == 1
    assert found.value("fleet_revision_targets", revision="two") == 1
    assert found.value("fleet_revision_targets", revision="one") == 2
    assert found.value("fleet_revision_targets", revision="none") == 1
    assert found.value("fleet_revision_targets", revision="from_the_future") == 1
    oldest = found.value("fleet_oldest_look_timestamp_seconds")
    assert oldest
    assert (found.value("fleet_slowest_run_seconds") or 0) > 0
    assert (found.value("fleet_lost_since_timestamp_seconds") or 0) >= oldest - 60
    assert not any(f'"{name}"' in found.text for name in ("current", "behind", "gone"))
    assert "6 databases. The oldest look at them is of 20" in page
    assert "revisions pending 2" in page
    assert re.search(r"broken .*failed at revision two.* division by zero", page)
    assert "python migrate.py --target broken upgrade" in page
    assert re.search(r"gone Cannot connect to .* never", page)
    assert PASSWORD not in found.text + again


def test_what_changes_is_seen_at_the_next_look(project: Project, urls: Mapping[str, str]) -> None:
    with serve_project(project, **OFTEN) as served:
        wait_until(lambda: is_seen(served), "all are seen")
        assert project.migrate("upgrade", DATABASE_URL=urls["behind"]).exit_code == 0
        wait_until(lambda: counts(served).get("up_to_date") == 2, "the upgrade is seen")
        execute(urls["broken"], "delete from one")
        assert project.migrate("upgrade", DATABASE_URL=urls["broken"]).exit_code == 0
        wait_until(lambda: scraped(served).value("fleet_failed_targets") == 0, "made good")
        list_targets(project, {name: urls[name] for name in ("current", "behind")})
        wait_until(lambda: counts(served) == {"up_to_date": 2}, "the list is shorter")


def test_list_that_cannot_be_read_is_said_beside_what_was_seen(
    project: Project, urls: Mapping[str, str]
) -> None:
    list_targets(project, {"current": urls["current"]})

    with serve_project(project, **OFTEN) as served:
        wait_until(lambda: counts(served) == {"up_to_date": 1}, "it is seen")
        (project.root / "targets.csv").write_text(f"name,url\nx,{PASSWORD}\n")
        wait_until(lambda: scraped(served).value("fleet_list_readable") == 0, "it is said")
        found, page = scraped(served), databases(served)

    assert _counts(found) == {"up_to_date": 1}
    assert "The list of databases cannot be read; what follows is of the list as it was" in page
    assert PASSWORD not in page


def test_server_that_stops_is_told_with_since_when_and_comes_back(project: Project) -> None:
    with hurt_server() as server:
        names = ("a", "b", "c")
        list_targets(project, {name: server.databases.create_database() for name in names})
        with serve_project(project, **OFTEN) as served:
            wait_until(lambda: counts(served) == {"empty": 3}, "all are seen")
            server.stop()
            wait_until(lambda: counts(served) == {"unreachable": 3}, "all are lost")
            first, page = scraped(served), databases(served)
            server.start()
            wait_until(lambda: counts(served) == {"empty": 3}, "all are back")
            last = scraped(served)

    assert first.value("fleet_lost_since_timestamp_seconds")
    assert first.value("fleet_oldest_look_timestamp_seconds") is None
    assert "no revision applied, 20" in page
    assert last.value("fleet_lost_since_timestamp_seconds") is None


def test_server_that_hangs_holds_no_request_and_not_the_end(project: Project) -> None:
    """Its kernel still answers."""
    with hurt_server() as server:
        list_targets(project, {name: server.databases.create_database() for name in ("a", "b")})
        with serve_project(project, DB_CONNECT_TIMEOUT="1", **OFTEN) as served:
            wait_until(lambda: counts(served) == {"empty": 2}, "all are seen")
            server.freeze()
            wait_until(lambda: counts(served) == {"unreachable": 2}, "all are lost", 120)
            answers = served.get_all(["/livez", "/metrics"] * 10)
            exit_code = served.stop()
            server.thaw()

    assert {each.response.status_code for each in answers} == {200}
    assert exit_code == -signal.SIGTERM
    assert "Application shutdown complete." in served.printed()


def test_silent_server_is_waited_for_once_and_not_for_each_database(
    project: Project, silent_url: str
) -> None:
    urls = {f"t{number}": f"{silent_url}{number}" for number in range(20)}
    list_targets(project, {"own": project.database_url, **urls})

    with serve_project(project, DB_CONNECT_TIMEOUT="2", **ONCE) as served:
        wait_until(lambda: counts(served) == {"empty": 1, "unreachable": 20}, "all are told", 120)
        page = databases(served)

    assert page.count("Cannot connect to") <= WATCHERS
    assert "Not asked, because no connection came from its server just now. t" in page
    assert PASSWORD not in page


def test_without_the_setting_nothing_of_it_is_there(project: Project) -> None:
    list_targets(project, {"own": project.database_url})

    with serve_project(project, **OPEN) as served:
        found, page = scraped(served), served.get("/state", token=TOKEN).text

    assert not [name for name in found.names if "fleet" in name]
    assert 'id="databases"' not in page


@pytest.mark.parametrize(("seconds", "is_imported"), [("0", False), ("60", True)])
def test_watch_is_imported_where_it_is_on(
    project: Project, seconds: str, *, is_imported: bool
) -> None:
    environ = {
        **project._variables(),
        "PYTHONPATH": str(REPOSITORY),
        "MIGRATE__TARGETS__WATCH_EVERY": seconds,
    }

    done = subprocess.run(
        [sys.executable, "-c", CREATE], cwd=project.root, env=environ, check=True, stdout=-1
    )

    assert done.stdout.decode().split() == [str(is_imported)] * 2


def test_without_a_target_the_page_says_so(project: Project) -> None:
    with serve_project(project, **OFTEN) as served:
        wait_until(lambda: "No target is listed." in databases(served), "it is said")
