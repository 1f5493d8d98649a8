"""A plan in a pull request: rendered, it says what was meant, whatever is in its texts."""

from __future__ import annotations

import re
from dataclasses import replace
from html.parser import HTMLParser

import pytest
from markdown_it import MarkdownIt

from sst.cli.result.plan.markdown import LONGEST, MARK, page_of
from sst.hooks.contract.plan.finding import Finding
from sst.migrator.rehearsal.rehearsal import Rehearsal
from sst.migrator.values.report import Objection, Report
from sst.migrator.values.verdict import Reason, Verdict
from tests.support.plans import FILE, REVISION, report, rows_in_the_way, statement

_NASTY = "a|b `c` *d* _e_ <b>f</b> [g](http://h) @team # & \\ ~~i~~ $j$ <!-- k --> ```"
_CODE = "with op.f():\n    op.execute('''```\n| x | ''')"


class _Rendered(HTMLParser):
    """The texts of a page, by the tag that they are in."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.tags: list[str] = []
        self.texts: dict[str, list[str]] = {}
        self._open: list[str] = []
        self.feed(MarkdownIt("commonmark").enable("table").render(page))

    def handle_starttag(self, tag: str, attrs: object) -> None:
        del attrs
        self._open.append(tag)
        self.tags.append(tag)
        self.texts.setdefault(tag, []).append("")

    def handle_endtag(self, tag: str) -> None:
        del tag
        self._open.pop()

    def handle_data(self, data: str) -> None:
        for tag in set(self._open):
            self.texts[tag][-1] += data


def _page(found: Report) -> str:
    return "\n".join(page_of(found))


def test_page_has_the_plan_its_findings_and_the_hash() -> None:
    found = Rehearsal(
        "on the database's own server",
        statements={REVISION: (statement("alter table a", seconds=(2.0, 9.0), scans=True),)},
        findings={REVISION: (Finding("long-lock", "it hurts", _CODE, file=FILE, line=9),)},
        probes={REVISION: (rows_in_the_way(),)},
    )

    page = _page(report(found, description="one worker"))

    shown = _Rendered(page)
    assert page.startswith(f"{MARK}\n")
    assert shown.texts["h3"] == [f"{REVISION} one worker"]
    assert shown.texts["td"] == [
        "alter table a",
        "blocks reads and writes of worker, scans (1,000 rows)",
        "AccessExclusive",
        "2-9 s, inferred",
    ]
    assert f"error long-lock: it hurts ({FILE}:9)" in shown.texts["li"][1]
    assert (
        f"rows would fail: 3 rows of worker repeat another row in full_name ({FILE}:9)"
        in shown.texts["li"][0]
    )
    assert shown.texts["pre"] == [f"{_CODE}\n"]
    assert "Rehearsed on a copy without rows on the database's own server" in page
    assert "f6af98e051410873" in shown.texts["code"]


def test_text_of_others_makes_no_markup() -> None:
    """SQL, titles and rules may hold anything; it is read as it was written."""
    found = Rehearsal(
        statements={REVISION: (statement(_NASTY),)},
        findings={REVISION: (Finding("r", _NASTY, file=FILE, line=9),)},
    )
    objection = Objection("guard", _NASTY, "", "vetoed")
    plan = report(found, description=_NASTY)

    shown = _Rendered(_page(replace(plan, vetoes=(objection,))))

    assert shown.texts["h3"] == [f"{REVISION} {_NASTY}"]
    assert shown.texts["td"][0] == _NASTY
    assert len(shown.texts["td"]) == 4
    assert f"r: {_NASTY}" in shown.texts["li"][1]
    assert f"refused by guard: {_NASTY}" in shown.texts["li"][0]
    assert {"b", "a", "em", "del", "h1"}.isdisjoint(shown.tags)


def test_nobody_is_mentioned() -> None:
    """A mention sends a mail, and an issue's number a note to it; in code there is none."""
    found = Rehearsal(statements={REVISION: ()})

    page = _page(report(found, description="ask @dba of #12"))

    assert re.search("@dba|#12", page) is None
    assert _Rendered(page).texts["h3"] == [f"{REVISION} ask @dba of #12"]


def test_revision_that_was_not_run_says_so() -> None:
    page = _page(report(Rehearsal(why_not="the role has no CREATEDB")))

    assert "No statement of it was seen." in page
    assert "Not rehearsed: the role has no CREATEDB." in page


@pytest.mark.parametrize("count", [10, 3000])
def test_page_fits_a_comment_and_says_what_it_leaves_out(count: int) -> None:
    """GitHub refuses a comment that is too long, and a plan that is cut in silence is a lie."""
    long = "x" * 200
    some = tuple(statement(f"alter table {long}", line=number) for number in range(count))
    findings = (Finding("r", "it hurts", _CODE, file=FILE, line=1),)
    found = Rehearsal("here", statements={REVISION: some}, findings={REVISION: findings})

    page = _page(report(found))

    assert len(page) <= LONGEST
    assert ("left out" in page) == (count > 10)
    assert page.endswith("Plan `f6af98e051410873`")
    assert _Rendered(page).tags.count("table") == 1


def test_long_reason_takes_no_room_from_the_plan() -> None:
    """What a driver or a plugin says may be as long as it likes."""
    long = "@" * 70_000
    some = tuple(statement(f"alter table {'x' * 200}", line=number) for number in range(3000))
    found = report(Rehearsal(why_not=long, statements={REVISION: some}))
    objection = Objection("guard", long, "", "vetoed")

    pages = [_page(found), _page(replace(found, vetoes=(objection,)))]

    assert [len(page) <= LONGEST for page in pages] == [True, True]
    assert all(page.startswith(MARK) and "left out" in page for page in pages)


def test_page_says_what_a_run_would_do() -> None:
    found = Rehearsal(statements={REVISION: (statement(),)})
    verdict = Verdict("off", (Reason(REVISION, "r", "it hurts"),))
    plan = report(found)

    page = _page(replace(plan, verdict=verdict))

    assert (
        'upgrade would go on in spite of 1 reason against the plan: migrate.lint is "off"' in page
    )


def test_nothing_to_do_is_a_page_too() -> None:
    """The comment of the push before is replaced by it."""
    page = _page(Report(after=("one",), heads=("one",)))

    assert page.startswith(MARK)
    assert "Nothing to do: the database is at one (head)." in page
