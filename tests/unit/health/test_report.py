"""Many checks make one report; none of them can hang or break it."""

from __future__ import annotations

import threading
import time
from contextlib import AbstractContextManager
from typing import TYPE_CHECKING, Any

import pytest

from sst.errors import DatabaseUnreachableError
from sst.health import run_checks
from sst.hooks.contract.checks import ALL_STAGES, Check, CheckResult, CheckStatus, Stage
from sst.hooks.manager import Contribution

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

PASS, WARN, FAIL, SKIP = CheckStatus.PASS, CheckStatus.WARN, CheckStatus.FAIL, CheckStatus.SKIP
CANARY = "s3cret-canary"


class FakeInspection(AbstractContextManager["FakeInspection"]):
    """A look at no database; knows whether it was closed."""

    def __init__(self) -> None:
        self.is_closed = False

    current = expected = pending = ("a1",)
    state = "up_to_date"
    version_table = "public.alembic_version"
    brought_by = None
    needed_backups: frozenset[str] = frozenset()
    schema: str = ""

    def __exit__(self, *exc_info: object) -> None:
        """Remember it."""
        self.is_closed = True

    def fetch(self, sql: str, **parameters: object) -> list[tuple[object, ...]]:
        """Return nothing for any *sql*."""
        del sql, parameters
        return []

    def differences(self) -> tuple[str, ...] | None:
        """Know of none."""
        return None


@pytest.fixture
def release() -> Iterator[threading.Event]:
    """Return what a hanging check waits for; set at the end of the test."""
    event = threading.Event()
    yield event
    event.set()


def a_check(name: str, answer: Callable[[Any], object], **changes: Any) -> Contribution:
    """Return the check *name* of the plugin `plugin`."""
    values = {"stages": ALL_STAGES, "timeout_seconds": 20.0} | changes
    return Contribution("plugin", Check(name, answer, **values))  # type: ignore[arg-type]


def answering(status: CheckStatus) -> Callable[[Any], CheckResult]:
    """Return a check's function that answers *status*."""
    return lambda _inspection: CheckResult(status, f"says {status}")


def raising(error: BaseException) -> Callable[[Any], CheckResult]:
    """Return a check's function that raises *error*."""

    def run(_inspection: object) -> CheckResult:
        raise error

    return run


@pytest.mark.parametrize(
    ("statuses", "worst"),
    [
        ([], PASS),
        ([PASS], PASS),
        ([SKIP], PASS),
        ([PASS, SKIP], PASS),
        ([PASS, WARN, SKIP], WARN),
        ([WARN, FAIL, PASS], FAIL),
    ],
)
def test_report_has_the_worst_status(statuses: list[CheckStatus], worst: CheckStatus) -> None:
    checks = [a_check(status, answering(status)) for status in statuses]

    report = run_checks(checks, FakeInspection, stage=Stage.CHECK)

    assert report.status is worst
    assert [result.status for result in report.results] == statuses


def test_only_checks_of_the_stage_are_asked() -> None:
    cheap = a_check("cheap", answering(PASS))
    thorough = a_check("thorough", answering(FAIL), stages=frozenset({Stage.CHECK, Stage.RUN}))

    report = run_checks([cheap, thorough], FakeInspection, stage=Stage.READY)

    assert [result.name for result in report.results] == ["cheap"]


def test_hung_check_fails_in_its_time_and_the_others_answer(release: threading.Event) -> None:
    hung = a_check("hung", lambda _: release.wait(60), timeout_seconds=0.3)
    started = time.monotonic()

    report = run_checks([hung, a_check("fine", answering(PASS))], FakeInspection, stage=Stage.RUN)

    assert time.monotonic() - started < 30
    first, second = report.results
    assert (first.status, first.code) == (FAIL, "timeout")
    assert first.detail == "no answer within 0.3 s"
    assert second.status is PASS
    assert [failure.name for failure in report.failures] == ["hung"]


def test_hung_connection_counts_as_the_checks_time(release: threading.Event) -> None:
    """A database that accepts connections and says nothing hangs before the check runs."""

    def inspect() -> FakeInspection:
        release.wait(60)
        return FakeInspection()

    checks = [a_check("x", answering(PASS), timeout_seconds=0.2)]

    report = run_checks(checks, inspect, stage=Stage.RUN)

    assert report.results[0].code == "timeout"


def test_checks_wait_at_the_same_time() -> None:
    all_ask = threading.Barrier(8, timeout=60)

    def meet(_: object) -> CheckResult:
        all_ask.wait()
        return CheckResult(PASS)

    checks = [a_check(f"c{n}", meet, timeout_seconds=60) for n in range(8)]

    report = run_checks(checks, FakeInspection, stage=Stage.RUN)

    assert report.failures == ()


def test_budget_shortens_the_deadlines(release: threading.Event) -> None:
    checks = [a_check("slow", lambda _: release.wait(60), timeout_seconds=60)]

    report = run_checks(checks, FakeInspection, stage=Stage.READY, budget_seconds=0.2)

    assert report.results[0].detail == "no answer within 0.2 s"


@pytest.mark.parametrize("error", [OSError("broken pipe"), SystemExit("broken pipe")])
def test_check_that_raises_has_failed(error: BaseException) -> None:
    report = run_checks([a_check("x", raising(error))], FakeInspection, stage=Stage.CHECK)

    [result] = report.results
    assert (result.plugin, result.name, result.status) == ("plugin", "x", FAIL)
    assert result.detail == f"{type(error).__name__}: broken pipe"
    assert result.code == "check_raised"


def test_known_error_keeps_its_code_and_first_line() -> None:
    error = DatabaseUnreachableError(what="No connection.", why="refused", next_step="start it")

    report = run_checks([a_check("x", raising(error))], FakeInspection, stage=Stage.CHECK)

    [result] = report.results
    assert (result.detail, result.code) == ("No connection.", "database_unreachable")


def test_only_the_first_line_of_an_exception_is_told() -> None:
    """The others may quote a statement with its parameters."""
    error = ValueError(f"it failed\n[parameters: {CANARY}]")

    report = run_checks([a_check("x", raising(error))], FakeInspection, stage=Stage.CHECK)

    assert report.results[0].detail == "ValueError: it failed"


@pytest.mark.parametrize(
    "answer",
    [
        raising(OSError(f"password {CANARY} is wrong")),
        lambda _: CheckResult(WARN, f"connected with {CANARY}"),
        raising(OSError(f"no route to postgresql://app:{CANARY}@db/app")),
    ],
    ids=["exception", "answer", "url"],
)
def test_secrets_are_masked(answer: Callable[[Any], CheckResult]) -> None:
    report = run_checks(
        [a_check("x", answer)], FakeInspection, stage=Stage.CHECK, secrets={CANARY}
    )

    assert CANARY not in str(report)


def test_credentials_of_a_url_are_masked_without_being_named() -> None:
    answer = raising(OSError(f"no route to postgresql://app:{CANARY}@db/app"))

    report = run_checks([a_check("x", answer)], FakeInspection, stage=Stage.CHECK)

    assert CANARY not in str(report)


@pytest.mark.parametrize("answer", [None, True, "fine"])
def test_answer_that_is_no_result_has_failed(answer: object) -> None:
    report = run_checks([a_check("x", lambda _: answer)], FakeInspection, stage=Stage.CHECK)

    [result] = report.results
    assert result.detail == f"returned {type(answer).__name__}, not CheckResult"
    assert result.code == "check_broken"


@pytest.mark.parametrize(
    "answer", [answering(PASS), raising(OSError("x"))], ids=["answers", "raises"]
)
def test_every_check_has_a_look_of_its_own_and_closes_it(
    answer: Callable[[Any], CheckResult],
) -> None:
    opened: list[FakeInspection] = []

    def inspect() -> FakeInspection:
        opened.append(FakeInspection())
        return opened[-1]

    run_checks([a_check("x", answer), a_check("y", answer)], inspect, stage=Stage.CHECK)

    assert [look.is_closed for look in opened] == [True, True]


def test_result_is_ready_for_json() -> None:
    report = run_checks([a_check("x", answering(WARN))], FakeInspection, stage=Stage.CHECK)

    values = report.results[0].to_dict()

    assert values.pop("at").endswith("Z")
    assert values.pop("duration_ms") >= 0
    assert values == {
        "plugin": "plugin",
        "name": "x",
        "status": "warn",
        "items": [],
        "detail": "says warn",
        "code": None,
    }
