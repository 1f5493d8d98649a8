"""The state page in a real browser: read, typed into, looked at by axe, in every state."""

from __future__ import annotations

import hashlib
import os
import re
import signal
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

import pytest

from tests.integration.web.test_outages import locked
from tests.support.browser import AXE, VARIABLE, Browser, open_browser, programs
from tests.support.fleet import six_databases
from tests.support.forks import wait_until
from tests.support.prefix_proxy import PREFIX, prefix_proxy
from tests.support.served import TOKEN, serve_project

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from tests.support.project import Project

TAB = "\ue004"
PICTURES = "TEST_PICTURES"
"""A folder that gets a picture of each state, to be looked at."""

if programs() is None and not os.environ.get(VARIABLE):
    pytest.skip("no chromium with chromedriver is installed", allow_module_level=True)


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    """Return one browser for all tests of this module."""
    with open_browser() as found:
        yield found


@pytest.fixture(autouse=True)
def _fresh(browser: Browser) -> Iterator[None]:
    """Begin wide, light and with scripts, and with nothing on the console."""
    browser.forget()
    browser.size(1200)
    browser.prefer("light")
    yield
    browser.javascript(is_on=True)
    browser.open("about:blank")


@contextmanager
def shown(browser: Browser, project: Project) -> Iterator[str]:
    """Open the page of *project*, past its door, and yield its address."""
    with serve_project(project) as served:
        address = f"{served.url.rstrip('/')}/state"
        browser.open(address)
        browser.type("#token", f"{TOKEN}\n")
        wait_until(lambda: "Look again" in browser.text, "the page is shown")
        yield address


def flawless(browser: Browser, name: str) -> None:
    """Assert that axe finds nothing and nothing overflows, light and dark, wide and narrow."""
    for scheme, width in (
        ("light", 1200),
        ("dark", 1200),
        ("light", 400),
        ("dark", 400),
        ("light", 320),
    ):
        browser.prefer(scheme)
        browser.size(width)
        if folder := os.environ.get(PICTURES):
            browser.picture(Path(folder) / f"{name}-{scheme}-{width}.png")
        assert browser.violations() == [], (scheme, width)
        assert browser.run("return document.documentElement.scrollWidth") <= width, (scheme, width)


def test_axe_is_the_one_that_is_named() -> None:
    named = re.search(r"sha256: `(\w+)`", (AXE.parent / "README.md").read_text(encoding="utf-8"))

    assert named
    assert hashlib.sha256(AXE.read_bytes()).hexdigest() == named[1]


def test_door(browser: Browser, project: Project) -> None:
    with serve_project(project) as served:
        browser.open(f"{served.url.rstrip('/')}/state")
        flawless(browser, "door")
        browser.type("#token", "wrong\n")
        wait_until(lambda: browser.run("return !!document.querySelector('[role=alert]')"), "told")
        flawless(browser, "wrong-token")
        assert browser.cookies() == []


def test_session_is_a_cookie_of_this_page_alone(browser: Browser, migrated: Project) -> None:
    with shown(browser, migrated) as address:
        [cookie] = browser.cookies()
        path = urlsplit(address).path

        assert (cookie["httpOnly"], cookie["sameSite"], cookie["path"]) == (True, "Strict", path)
        assert TOKEN not in cookie["value"]
        assert browser.url == address
        assert browser.run("return document.cookie") == ""


def test_empty(browser: Browser, project: Project) -> None:
    with shown(browser, project):
        assert "No revision is applied; 1 is pending." in browser.text
        flawless(browser, "empty")


def test_up_to_date_loads_nothing_of_others(browser: Browser, migrated: Project) -> None:
    with shown(browser, migrated) as address:
        assert "The database is up to date." in browser.text
        hosts = {urlsplit(each).netloc for each in browser.requests()}
        assert hosts == {urlsplit(address).netloc}
        flawless(browser, "up-to-date")


def test_policy_of_the_page_refuses_nothing_that_it_has(
    browser: Browser, migrated: Project
) -> None:
    with shown(browser, migrated) as address:
        browser.complaints()
        browser.open(address)

        assert [each for each in browser.complaints() if "favicon" not in each] == []


def test_pending_with_a_plan(browser: Browser, migrated: Project) -> None:
    migrated.revision("two", "op.add_column('one', sa.Column('note', sa.Text))")
    migrated.revision("three", "op.create_index('one_note', 'one', ['note'])")

    with shown(browser, migrated):
        assert "2 revisions are pending" in browser.text
        flawless(browser, "pending")


def test_running(browser: Browser, migrated: Project) -> None:
    migrated.revision("two", "op.execute('select pg_sleep(60)')")
    running = migrated.start("upgrade")
    try:
        wait_until(
            lambda: migrated.query("select 1 from migrator.run where outcome = 'running'"), "a run"
        )
        with shown(browser, migrated):
            wait_until(lambda: "In revision" in _looked_again(browser), "the revision is shown")
            flawless(browser, "running")
    finally:
        running.signal(signal.SIGINT)
        running.finish()


def test_failed(browser: Browser, migrated: Project) -> None:
    migrated.revision("two", "op.execute('select * from absent')")
    assert migrated.migrate("upgrade").exit_code == 1

    with shown(browser, migrated):
        assert 'relation "absent" does not exist' in browser.text
        flawless(browser, "failed")


def test_a_hundred_runs(browser: Browser, migrated: Project) -> None:
    migrated.query(
        "insert into migrator.run select (r2).* from (select jsonb_populate_record(r,"
        " jsonb_build_object("
        "'id', r.id || n, 'started_at', r.started_at - n * interval '1 hour',"
        "'finished_at', r.finished_at - n * interval '1 hour')) r2"
        " from migrator.run r, generate_series(1, 120) n) x"
    )

    with shown(browser, migrated) as address:
        browser.open(f"{address}?runs=100")
        flawless(browser, "hundred-runs")


def test_unreachable(browser: Browser, migrated: Project, refusing_url: str) -> None:
    migrated.database_url = refusing_url

    with shown(browser, migrated):
        flawless(browser, "unreachable")


@pytest.mark.parametrize("has_list", [True, False], ids=["list", "no-list"])
def test_databases(
    browser: Browser,
    project: Project,
    make_database: Callable[[], str],
    refusing_url: str,
    *,
    has_list: bool,
) -> None:
    six_databases(project, make_database, refusing_url)
    if not has_list:
        (project.root / "targets.csv").write_text("name,name\n", encoding="utf-8")
    project.environment["MIGRATE__TARGETS__WATCH_EVERY"] = "3600"
    said = "division by zero" if has_list else "The list of databases cannot be read"

    with shown(browser, project):
        wait_until(lambda: said in _looked_again(browser) and _are_seen(browser), "all is shown")
        browser.run("document.querySelectorAll('details').forEach(each => each.open = true)")
        flawless(browser, f"databases-{'list' if has_list else 'no-list'}")
        assert 0 < browser.run("return document.body.innerHTML.length") < 200_000


def test_hung_database_is_told_and_holds_nothing(browser: Browser, migrated: Project) -> None:
    with shown(browser, migrated), locked(migrated):
        wait_until(lambda: "could not be asked" in _looked_again(browser), "the page says so", 60)


def test_behind_a_proxy_that_serves_it_below_a_prefix(browser: Browser, migrated: Project) -> None:
    """Form, cookie, stylesheet, links and the way out all stay below it."""
    with (
        serve_project(migrated, "--root-path", PREFIX) as served,
        prefix_proxy(served.url) as address,
    ):
        browser.open(f"{address}/state")
        browser.type("#token", f"{TOKEN}\n")
        wait_until(lambda: "Look again" in browser.text, "the page is shown")
        [cookie] = browser.cookies()
        loaded = browser.requests()
        styled = browser.run("return getComputedStyle(document.querySelector('.skip')).position")
        browser.run("document.querySelector('.again').click()")
        wait_until(lambda: "Look again" in browser.text, "it is shown again")
        browser.run("document.querySelector('header button').click()")
        wait_until(lambda: "Operations token" in browser.text, "it is closed")

        assert cookie["path"] == f"{PREFIX}/state"
        assert all(each.startswith(f"{address}/state") for each in loaded)
        assert any("style.css" in each for each in loaded)
        assert styled == "absolute"
        assert browser.cookies() == []


def test_works_without_scripts(browser: Browser, migrated: Project) -> None:
    with serve_project(migrated) as served:
        browser.javascript(is_on=False)
        browser.open(f"{served.url.rstrip('/')}/state")
        browser.type("#token", f"{TOKEN}\n")
        browser.javascript(is_on=True)

        wait_until(lambda: "The database is up to date." in browser.text, "the page is shown")


def test_keyboard_reaches_everything_in_order_and_is_seen(
    browser: Browser, migrated: Project
) -> None:
    with shown(browser, migrated):
        seen = []
        for _ in range(9):
            browser.press(TAB)
            seen.append(browser.run(_FOCUSED))

        assert [text for text, _ in seen] == [
            *("Skip to the state", "Pending", "Runs", "Backup", "Checks", "Plugins", "Settings"),
            *("Leave", "Look again"),
        ]
        assert [text for text, is_seen in seen if not is_seen] == []


_FOCUSED = """
const at = document.activeElement, style = getComputedStyle(at), box = at.getBoundingClientRect();
return [at.innerText.trim(), style.outlineStyle !== "none" && box.width > 0 && box.top >= 0];
"""


def _are_seen(browser: Browser) -> bool:
    return "not looked at yet" not in browser.text


def _looked_again(browser: Browser) -> str:
    browser.open(browser.url)
    return browser.text
