"""Why a run failed, as the ledger keeps it: one set of keys, no secrets."""

from __future__ import annotations

import signal
from pathlib import Path

import pytest
from sqlalchemy.exc import IntegrityError

from sst.errors import LockBusyError, RefusedError
from sst.hooks import Veto
from sst.hooks.calling.calls import HookFailedError, Implementation
from sst.migrator.ledger.failure import RunFailure
from sst.migrator.session.signals import Interrupt
from sst.testing.values.builders import a_failure

KEYS = [
    "code",
    "phase",
    "text",
    "why",
    "revision",
    "plugin",
    "sqlstate",
    "statement",
    "file",
    "line",
    "detail",
    "server_hint",
]
CANARY = "s3cret-canary"


def masked(text: str) -> str:
    """Return *text* without the canary."""
    return text.replace(CANARY, "***")


def of_hook(error: Exception) -> HookFailedError:
    """Return what the core makes of *error*, raised by a plugin's hook."""
    return HookFailedError(Implementation("p", "restore_backup", print, root=Path()), error)


@pytest.mark.parametrize(
    ("raised", "code", "text", "why"),
    [
        (RefusedError(what=f"no {CANARY}", why=f"so {CANARY}"), "refused", "no ***", "so ***"),
        (LockBusyError(what="busy"), "lock_busy", "busy", ""),
        (Veto(f"not {CANARY}", "later"), "vetoed", "not ***", ""),
        (Veto("not now", code="friday"), "friday", "not now", ""),
        (of_hook(Veto("not now")), "vetoed", "not now", ""),
        (of_hook(ValueError(f"bad {CANARY}")), "failed", "ValueError: bad ***", ""),
        (Interrupt(signal.SIGTERM), "interrupted", "Interrupted by SIGTERM.", ""),
        (
            IntegrityError("insert into t values (%s)", (7777,), Exception("twice\nDETAIL: 7777")),
            "failed",
            "Exception: twice",
            "",
        ),
        (KeyError(CANARY), "failed", "KeyError: '***'", ""),
    ],
    ids=lambda value: type(value).__name__ if isinstance(value, BaseException) else None,
)
def test_work_that_failed_says_why_without_a_secret(
    raised: BaseException, code: str, text: str, why: str
) -> None:
    failure = RunFailure.of_work(raised, "restore", masked)

    assert failure == RunFailure(code, "restore", text, why)


def test_run_that_failed_keeps_what_plugins_were_told() -> None:
    told = a_failure(code="revision_failed", phase="revision", revision="a1", sqlstate="42P07")

    failure = RunFailure.of_run(told, RefusedError(what="no", why="so"))

    assert (failure.code, failure.phase, failure.revision) == ("revision_failed", "revision", "a1")
    assert (failure.text, failure.why, failure.sqlstate) == (told.message, "so", "42P07")


def test_bug_has_no_reason() -> None:
    assert RunFailure.of_run(a_failure(code="bug"), None).why == ""


@pytest.mark.parametrize(
    "failure",
    [RunFailure("killed", None, "gone"), RunFailure.of_run(a_failure(), None)],
    ids=["few", "many"],
)
def test_keys_are_always_the_same(failure: RunFailure) -> None:
    assert list(failure.to_dict()) == KEYS
