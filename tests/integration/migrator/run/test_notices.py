"""RAISE NOTICE and WARNING of a revision are shown and on record, bounded."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from sst.migrator.run.notices import LONGEST, MOST, Notices
from tests.support.foreign_envs import ASYNC

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.support.project import Project


def raising(*statements: str) -> str:
    """Return a revision's body that executes *statements* of PL/pgSQL."""
    block = "; ".join(statements)
    return f"op.execute({f'do $$ begin {block}; end $$'!r})"


def last_step(project: Project) -> dict[str, Any]:
    """Return the newest step on record."""
    rows = project.query("select to_jsonb(s) from migrator.step s order by started_at desc")
    step: dict[str, Any] = rows[0][0]
    return step


def test_notice_and_warning_are_shown_and_on_record(project: Project) -> None:
    project.revision("one", raising("raise notice 'seven rows moved'", "raise warning 'two left'"))

    result = project.migrate("upgrade", "--json")

    assert "INFO    sst.migrate  one: seven rows moved" in result.stderr
    assert "WARNING sst.migrate  one: two left" in result.stderr
    assert "one: two left" in result.json["warnings"]
    assert last_step(project)["notices"] == [
        {"severity": "NOTICE", "text": "seven rows moved"},
        {"severity": "WARNING", "text": "two left"},
    ]


def test_runs_show_prints_them_and_json_has_them(project: Project) -> None:
    project.revision("one", raising("raise notice 'seven rows moved'", "raise warning 'two left'"))
    project.migrate("upgrade")

    text = project.migrate("runs", "show", "latest")
    run = project.migrate("runs", "show", "latest", "--json").json["run"]

    assert "notice\tone: seven rows moved" in text.stdout
    assert "warning\tone: two left" in text.stdout
    assert [each["text"] for each in run["steps"][0]["notices"]] == [
        "seven rows moved",
        "two left",
    ]
    assert run["steps"][0]["notices_left_out"] == 0


def test_messages_before_a_failure_are_kept(project: Project) -> None:
    project.revision("one", raising("raise notice 'row 7 is bad'", "perform 1/0"))

    project.migrate("upgrade")

    assert last_step(project)["outcome"] == "failed"
    assert last_step(project)["notices"] == [{"severity": "NOTICE", "text": "row 7 is bad"}]


def test_loop_of_notices_is_bounded_and_hides_no_warning(project: Project) -> None:
    loop = "for n in 1..3000 loop raise notice 'row %', n; end loop"
    project.revision("one", raising(loop, "raise warning 'mind the gap'"))

    result = project.migrate("upgrade")

    step = last_step(project)
    texts = [each["text"] for each in step["notices"]]
    assert texts == [*(f"row {n}" for n in range(1, MOST + 1)), "mind the gap"]
    assert step["notices_left_out"] == 3000 - MOST
    assert result.stderr.count("one: row ") == MOST
    assert f"{3000 - MOST} more messages of the server are left out" in result.stderr


def test_message_too_many_looks_at_none_of_those_kept() -> None:
    """A hundred thousand of them took half a minute."""

    class Unread(list[dict[str, str]]):
        def __iter__(self) -> Iterator[dict[str, str]]:
            raise AssertionError("read once more for each message")

    notices = Notices(str, kept=Unread())

    for number in range(MOST + 7):
        notices.hear("one", "NOTICE", f"row {number}")

    assert (len(notices.kept), notices.left_out) == (MOST, 7)


def test_long_message_is_cut(project: Project) -> None:
    project.revision("one", raising("raise notice '%', repeat('ab ', 1000)"))

    project.migrate("upgrade")

    [notice] = last_step(project)["notices"]
    assert len(notice["text"]) == LONGEST
    assert notice["text"].endswith("...")


def test_secret_in_a_message_is_masked(project: Project) -> None:
    project.environment["REDIS_URL"] = "redis://:canary-canary-7@localhost:6379"
    project.revision("one", raising("raise notice 'it is canary-canary-7'"))

    result = project.migrate("upgrade")

    assert "canary-canary-7" not in result.output
    assert last_step(project)["notices"] == [{"severity": "NOTICE", "text": "it is ********"}]


def test_info_and_debug_are_kept_with_their_severity(project: Project) -> None:
    project.revision("one", raising("raise info 'for all'", "raise debug 'for few'"))
    settings = "op.execute(\"set local client_min_messages = 'debug1'\")\n"
    project.revision("two", settings + raising("raise debug 'for few'"))

    project.migrate("upgrade")

    rows = project.query("select revision, notices from migrator.step order by position")
    assert rows[0] == ("one", [{"severity": "INFO", "text": "for all"}])
    assert {"severity": "DEBUG", "text": "for few"} in rows[1][1]


def test_driver_of_asyncio_hands_them_out_too(project: Project) -> None:
    project.revision("one", raising("raise notice 'seven'", "raise warning 'two'"))
    (project.root / "alembic" / "env.py").write_text(ASYNC)
    url = project.database_url.replace("postgresql://", "postgresql+asyncpg://", 1)

    project.migrate("upgrade", DATABASE_URL=url)

    assert last_step(project)["notices"] == [
        {"severity": "NOTICE", "text": "seven"},
        {"severity": "WARNING", "text": "two"},
    ]
