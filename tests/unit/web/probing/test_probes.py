"""What the health endpoints answer, from a runtime whose database is told by the test."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING

import pytest

from sst.errors import DatabaseUnreachableError
from sst.hooks.contract.checks import Check, CheckResult, CheckStatus, Stage
from sst.web import create_app
from tests.support.fake_runtime import CANARY, OPERATIONS_TOKEN, FakeInspection, fake_runtime
from tests.support.web import ask, ask_all, words

if TYPE_CHECKING:
    from sst.hooks.contract.checks import Inspection


def check(
    status: CheckStatus, detail: str = "", *, stages: frozenset[Stage] | None = None
) -> Check:
    """Return a check with a fixed answer."""
    return Check("fixed", lambda _: CheckResult(status, detail), stages or frozenset(Stage))


def test_livez_asks_the_database_nothing() -> None:
    runtime = fake_runtime()

    response = ask(create_app(runtime), "/livez")

    assert (response.status_code, response.json()) == (200, {"status": "pass"})
    assert runtime.looks == 0  # type: ignore[attr-defined]


@pytest.mark.parametrize(
    ("state", "pending", "status_code", "word"),
    [
        ("up_to_date", (), 200, "pass"),
        ("ahead", (), 200, "warn"),
        ("pending", ("c3",), 503, "fail"),
        ("empty", ("a1", "b2"), 503, "fail"),
        ("diverged", (), 503, "fail"),
        ("interrupted", ("c3",), 503, "fail"),
        ("interrupted", (), 200, "warn"),
    ],
)
def test_readyz_follows_the_state_of_the_schema(
    state: str, pending: tuple[str, ...], status_code: int, word: str
) -> None:
    """Behind is not ready; ahead is, or a rollback of the image would take every pod out."""
    runtime = fake_runtime(look=lambda: FakeInspection(state=state, pending=pending))

    response = ask(create_app(runtime), "/readyz")

    assert response.status_code == status_code
    assert response.json() == {"status": word}


def test_not_ready_says_when_to_ask_again() -> None:
    runtime = fake_runtime(look=lambda: FakeInspection(state="empty"))

    response = ask(create_app(runtime), "/readyz")

    assert response.headers["retry-after"] == "5"


@pytest.mark.parametrize("path", ["/readyz", "/health"])
def test_details_are_for_the_token(path: str) -> None:
    runtime = fake_runtime(look=lambda: FakeInspection("pending", pending=("c3", "d4")))
    app = create_app(runtime)

    plain, detailed = ask(app, path), ask(app, path, token=OPERATIONS_TOKEN)

    assert "checks" not in plain.json()
    assert "c3" not in plain.text
    assert detailed.status_code == plain.status_code == 503
    entry = detailed.json()["checks"]["core:schema"][0]
    assert entry["output"] == "2 pending, next c3: run `python migrate.py upgrade`"
    assert entry["code"] == "pending"


def test_advice_is_what_is_typed_outside(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SST_COMMAND", "docker compose run --rm migrate")
    app = create_app(fake_runtime(look=lambda: FakeInspection("pending", pending=("c3",))))

    body = ask(app, "/readyz", token=OPERATIONS_TOKEN).json()

    output = body["checks"]["core:schema"][0]["output"]
    assert output.endswith("run `docker compose run --rm migrate upgrade`")


def test_health_is_a_document_of_the_draft() -> None:
    app = create_app(fake_runtime(checks=(check(CheckStatus.WARN, "disk is filling"),)))

    response = ask(app, "/health", token=OPERATIONS_TOKEN)

    assert response.headers["content-type"] == "application/health+json"
    body = response.json()
    assert {key: body[key] for key in ("status", "version", "serviceId")} == {
        "status": "warn",
        "version": "1",
        "serviceId": "sst",
    }
    entry = body["checks"]["fake:fixed"][0]
    assert entry["componentType"] == "component"
    assert entry["output"] == "disk is filling"
    assert entry["time"].endswith("Z")
    assert "output" not in body["checks"]["core:schema"][0]


@pytest.mark.parametrize(
    ("status", "status_code"),
    [
        (CheckStatus.PASS, 200),
        (CheckStatus.SKIP, 200),
        (CheckStatus.WARN, 200),
        (CheckStatus.FAIL, 503),
    ],
)
def test_health_is_as_well_as_its_worst_check(status: CheckStatus, status_code: int) -> None:
    app = create_app(fake_runtime(checks=(check(CheckStatus.PASS), check(status))))

    response = ask(app, "/health")

    assert response.status_code == status_code


def test_each_endpoint_asks_the_checks_of_its_stage() -> None:
    """Readiness is asked every few seconds: a dear check stays out of it."""
    dear = check(CheckStatus.FAIL, stages=frozenset({Stage.CHECK}))
    app = create_app(fake_runtime(checks=(dear,)))

    ready, health = ask(app, "/readyz"), ask(app, "/health")

    assert (ready.status_code, health.status_code) == (200, 503)


def test_check_that_raises_fails_under_its_name() -> None:
    def broken(_: Inspection) -> CheckResult:
        raise DatabaseUnreachableError(what="Cannot connect to postgresql://u@h/d.")

    app = create_app(fake_runtime(checks=(Check("broken", broken),)))

    response = ask(app, "/health", token=OPERATIONS_TOKEN)

    assert response.status_code == 503
    assert words(response) == {"core:schema": "pass", "fake:broken": "fail"}


def test_sixty_requests_cause_one_probe() -> None:
    runtime = fake_runtime()

    responses = ask_all(create_app(runtime), ["/readyz"] * 60)

    assert {response.status_code for response in responses} == {200}
    assert runtime.looks == 1  # type: ignore[attr-defined]


def test_hung_check_fails_at_its_own_timeout_and_the_others_are_answered() -> None:
    released = threading.Event()

    def hang(_: Inspection) -> CheckResult:
        released.wait(60)
        return CheckResult(CheckStatus.PASS)

    app = create_app(fake_runtime(checks=(Check("hung", hang, timeout_seconds=0.2),)))

    response = ask(app, "/health", token=OPERATIONS_TOKEN)
    released.set()

    assert words(response) == {"core:schema": "pass", "fake:hung": "fail"}
    assert response.status_code == 503


def test_head_is_answered_as_get_is() -> None:
    """Load balancers ask with HEAD."""
    app = create_app(fake_runtime(look=lambda: FakeInspection("empty")))

    codes = [
        ask(app, path, method="HEAD").status_code for path in ("/livez", "/readyz", "/health")
    ]

    assert codes == [200, 503, 503]


def test_version_names_the_code_and_for_operators_its_heads() -> None:
    app = create_app(fake_runtime())

    plain, detailed = ask(app, "/version"), ask(app, "/version", token=OPERATIONS_TOKEN)

    assert plain.json() == {"version": app.version, "git_commit": "abc1234"}
    assert detailed.json() == {**plain.json(), "expected_heads": ["b2"]}


def test_no_check_can_show_a_secret() -> None:
    app = create_app(fake_runtime(checks=(check(CheckStatus.FAIL, f"connected with {CANARY}"),)))

    response = ask(app, "/health", token=OPERATIONS_TOKEN)

    assert "connected with" in response.text
    assert CANARY not in response.text
