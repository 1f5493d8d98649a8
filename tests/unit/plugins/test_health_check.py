"""The three checks see what they are there to see, on a real database; the gate compares heads."""

from __future__ import annotations

from contextlib import AbstractContextManager, closing
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import psycopg2
import pytest
from sqlalchemy import create_engine, text
from sqlalchemy.pool import NullPool

from plugins import health_check
from sst.db.url import DatabaseUrl
from sst.health import run_checks
from sst.hooks.contract.checks import CheckStatus, Inspection, Stage
from sst.hooks.contract.run import Veto
from sst.hooks.manager import Contribution
from tests.support.plugin_project import a_run
from tests.support.server import connect

if TYPE_CHECKING:
    from sqlalchemy.engine import Engine

DRIFT = tuple(f"table t{number} is missing" for number in range(5))


@dataclass
class LiveInspection(AbstractContextManager["LiveInspection"]):
    """A look at a real database; what Alembic would say about it is given."""

    engine: Engine
    current: tuple[str, ...] = ("a1",)
    expected: tuple[str, ...] = ("a1",)
    found: tuple[str, ...] | None = ()
    pending: tuple[str, ...] = ()
    state: str = "up_to_date"
    version_table = "public.alembic_version"
    brought_by: str | None = None
    needed_backups: frozenset[str] = frozenset()
    schema: str = ""
    asked: list[str] = field(default_factory=list)
    asks: str = ""
    """A query that comparing asks, if any."""

    def __exit__(self, *exc_info: object) -> None:
        """Keep nothing open."""

    def fetch(self, sql: str, **parameters: Any) -> list[tuple[Any, ...]]:
        """Return the rows of *sql*."""
        with self.engine.connect() as connection:
            return [tuple(row) for row in connection.execute(text(sql), parameters)]

    def differences(self) -> tuple[str, ...] | None:
        """Return what was given, and remember that it was asked for."""
        self.asked.append("differences")
        if self.asks:
            self.fetch(self.asks)
        return self.found


@pytest.fixture
def engine(database_url: str) -> Engine:
    """Return an engine of a fresh database that keeps no connection."""
    return create_engine(DatabaseUrl(database_url).for_psycopg2(), poolclass=NullPool)


@pytest.fixture
def invalid_index(database_url: str) -> str:
    """Leave an invalid index behind, as a CONCURRENTLY that fails does; return its name."""
    with closing(connect(database_url)) as connection, connection.cursor() as cursor:
        cursor.execute("CREATE TABLE site (name text)")
        cursor.execute("INSERT INTO site VALUES ('a'), ('a')")
        with pytest.raises(psycopg2.errors.UniqueViolation):
            cursor.execute("CREATE UNIQUE INDEX CONCURRENTLY site_name ON site (name)")
    return "public.site_name"


def test_connection_check_passes_on_a_database_that_answers(engine: Engine) -> None:
    found = health_check.answers(LiveInspection(engine))

    assert found.status is CheckStatus.PASS


def test_connection_check_fails_on_a_database_that_is_gone(engine: Engine) -> None:
    gone = create_engine(engine.url.set(database="no_such_database"), poolclass=NullPool)

    report = run_checks(_checks(), lambda: LiveInspection(gone), stage=Stage.READY)

    [result] = report.results
    assert (result.name, result.status) == ("connection", CheckStatus.FAIL)
    assert "no_such_database" in result.detail


def test_index_check_passes_on_valid_indexes(engine: Engine) -> None:
    with engine.begin() as connection:
        connection.execute(text("CREATE TABLE site (id int PRIMARY KEY)"))

    found = health_check.has_valid_indexes(LiveInspection(engine))

    assert found.status is CheckStatus.PASS


def test_index_check_names_an_invalid_index_and_the_remedy(
    engine: Engine, invalid_index: str
) -> None:
    found = health_check.has_valid_indexes(LiveInspection(engine))

    assert (found.status, found.code) == (CheckStatus.FAIL, "invalid_index")
    assert invalid_index in found.detail
    assert f"REINDEX INDEX CONCURRENTLY {invalid_index}" in found.detail


def test_remedy_of_the_index_check_works(
    engine: Engine, invalid_index: str, database_url: str
) -> None:
    """What a message tells people to type has to work."""
    remedy = health_check.has_valid_indexes(LiveInspection(engine)).detail.partition("with ")[2]
    with closing(connect(database_url)) as connection, connection.cursor() as cursor:
        cursor.execute("DELETE FROM site")
        cursor.execute(remedy)

    found = health_check.has_valid_indexes(LiveInspection(engine))

    assert (found.status, invalid_index in remedy) == (CheckStatus.PASS, True)


def test_models_check_passes_without_differences(engine: Engine) -> None:
    found = health_check.agrees_with_models(LiveInspection(engine))

    assert found.status is CheckStatus.PASS


@pytest.mark.parametrize(
    ("given", "detail"),
    [
        ({"current": (), "found": DRIFT}, "not at head"),
        ({"current": ("zz",), "found": DRIFT}, "not at head"),
        ({"found": None}, "no models to compare with"),
    ],
    ids=["empty", "ahead", "no models"],
)
def test_models_check_is_skipped_where_it_says_nothing(
    engine: Engine, given: dict[str, Any], detail: str
) -> None:
    """Before an upgrade the schema differs from the models: that is what the upgrade is for."""
    found = health_check.agrees_with_models(LiveInspection(engine, **given))

    assert (found.status, found.detail) == (CheckStatus.SKIP, detail)


def test_models_check_names_the_first_differences(engine: Engine) -> None:
    found = health_check.agrees_with_models(LiveInspection(engine, found=DRIFT))

    assert (found.status, found.code) == (CheckStatus.FAIL, "drift")
    assert found.detail.startswith("5 differences between models and schema: table t0 is missing")
    assert "table t2 is missing; and 2 more" in found.detail
    assert "table t3" not in found.detail


@pytest.mark.parametrize(
    ("models", "stage", "status"),
    [
        ("fail", Stage.CHECK, "fail"),
        ("warn", Stage.CHECK, "warn"),
        ("off", Stage.CHECK, None),
        ("off", Stage.RUN, None),
    ],
)
def test_setting_says_how_grave_a_difference_is(
    engine: Engine, models: str, stage: Stage, status: str | None
) -> None:
    look = LiveInspection(engine, found=DRIFT)

    report = run_checks(_checks(models=models), lambda: look, stage=stage)

    assert {each.name: each.status for each in report.results}.get("models") == status


@pytest.mark.parametrize(
    ("given", "after", "status"),
    [
        ({"found": DRIFT}, DRIFT, "warn"),
        ({"found": DRIFT}, DRIFT[:2], "warn"),
        ({"found": DRIFT[:4]}, DRIFT, "fail"),
        ({"found": ()}, DRIFT[:1], "fail"),
        ({"found": DRIFT}, (), "pass"),
    ],
    ids=["the same", "fewer", "one more", "the first", "mended"],
)
def test_run_answers_only_for_what_it_brought(
    engine: Engine, given: dict[str, Any], after: tuple[str, ...], status: str
) -> None:
    checker = plugin()
    before, later = LiveInspection(engine, **given), LiveInspection(engine, found=after)

    checker.pre_migrate(a_run(before=("a0",), after=("a1",), inspect=lambda: before))
    checks = [Contribution("health_check", each) for each in checker.register_checks()]
    report = run_checks(checks, lambda: later, stage=Stage.RUN)

    assert {each.name: each.status for each in report.results}["models"] == status


def test_only_new_differences_are_named(engine: Engine) -> None:
    look = LiveInspection(engine, found=DRIFT)

    found = health_check.agrees_with_models(look, known=DRIFT[:4])

    assert found.detail.startswith("1 difference between models and schema: table t4 is missing")


def test_nothing_is_compared_before_a_run_that_does_not_end_at_head(engine: Engine) -> None:
    look = LiveInspection(engine, found=DRIFT)

    plugin().pre_migrate(a_run(before=("a2",), after=("a0",), inspect=lambda: look))
    plugin().pre_migrate(a_run(before=(), after=("a1",), inspect=lambda: look))
    plugin(models="off").pre_migrate(a_run(before=("a0",), after=("a1",), inspect=lambda: look))

    assert look.asked == []


def test_comparison_that_fails_before_a_run_does_not_stop_it(engine: Engine) -> None:
    """What came before is not known then, and the run is not blamed for it."""
    gone = create_engine(engine.url.set(database="no_such_database"), poolclass=NullPool)
    checker, broken = plugin(), LiveInspection(gone, asks="select 1")

    checker.pre_migrate(a_run(before=("a0",), after=("a1",), inspect=lambda: broken))
    checks = [Contribution("health_check", each) for each in checker.register_checks()]
    look = LiveInspection(engine, found=DRIFT)
    report = run_checks(checks, lambda: look, stage=Stage.RUN)

    assert report.status is CheckStatus.WARN


def test_order_of_several_heads_does_not_matter(engine: Engine) -> None:
    look = LiveInspection(engine, current=("b2", "a1"), expected=("a1", "b2"))

    assert health_check.agrees_with_models(look).status is CheckStatus.PASS


@pytest.mark.parametrize(
    ("stage", "names"),
    [
        (Stage.READY, ["connection"]),
        (Stage.CHECK, ["connection", "models", "indexes"]),
        (Stage.RUN, ["connection", "models", "indexes"]),
    ],
)
def test_only_the_cheap_check_is_asked_for_readiness(
    engine: Engine, stage: Stage, names: list[str]
) -> None:
    report = run_checks(_checks(), lambda: LiveInspection(engine), stage=stage)

    assert [result.name for result in report.results] == names
    assert report.status is CheckStatus.PASS


@pytest.mark.parametrize("after", [("a1",), ("b2", "a1"), ()])
def test_database_at_the_target_is_healthy(engine: Engine, after: tuple[str, ...]) -> None:
    look = LiveInspection(engine, current=tuple(sorted(after)))

    plugin().post_migrate(a_run(after=after, inspect=lambda: look))


def test_database_elsewhere_is_not_healthy(engine: Engine) -> None:
    look: Inspection = LiveInspection(engine, current=())

    with pytest.raises(Veto) as raised:
        plugin().post_migrate(a_run(after=("a1",), inspect=lambda: look))

    assert raised.value.reason == "the database is at no revision, the plan leads to a1"
    assert "migrate.py current" in raised.value.hint


def plugin(**settings: Any) -> health_check.Plugin:
    """Return the plugin with *settings*."""
    return health_check.Plugin(health_check.Config(**settings))


def _checks(**settings: Any) -> list[Contribution]:
    checks = plugin(**settings).register_checks()
    return [Contribution("health_check", check) for check in checks]
