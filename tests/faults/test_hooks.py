"""Hooks that raise, hang and exit: gates stop the run, observers change nothing."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.support.faults import Fault, Scene, drive

if TYPE_CHECKING:
    from collections.abc import Mapping

_RAISES = "raise RuntimeError('the hook is broken')"
_EXITS = "raise SystemExit(0)"
_DIES = "os._exit(9)"
_HANGS = "time.sleep(600)"


def _gate(at: str, does: str, exit_code: int, outcome: str, ends: str = "") -> Fault:
    return Fault(
        name=f"{at} {does.partition('(')[0]}",
        at=at,
        does=does,
        exit_code=exit_code,
        outcome=outcome,
        ends=ends,
        says="" if does == _DIES else "points",
    )


def _observer(at: str, does: str, ends: str = "three") -> Fault:
    return Fault(
        name=f"{at} {does.partition('(')[0]}",
        at=at,
        does=does,
        exit_code=0,
        outcome="succeeded",
        ends=ends,
        says="plugin points",
    )


FAULTS = [
    _gate("review_plan", _RAISES, 5, "refused"),
    _gate("review_plan", _DIES, 9, "interrupted"),
    _gate("pre_migrate", _RAISES, 5, "refused"),
    _gate("pre_migrate", _EXITS, 5, "refused"),
    _gate("pre_migrate", _DIES, 9, "interrupted"),
    _gate("around.enter", _RAISES, 5, "refused"),
    _gate("around.leave", _RAISES, 4, "unhealthy", "three"),
    _gate("around.leave", _EXITS, 4, "unhealthy", "three"),
    _gate("pre_revision.one", _EXITS, 5, "refused"),
    _gate("in_revision.one", _RAISES, 5, "refused"),
    _gate("in_revision.three", _EXITS, 1, "failed", "two"),
    _gate("in_revision.three", _DIES, 9, "interrupted", "two"),
    _gate("pre_revision.three", _RAISES, 1, "failed", "two"),
    _gate("pre_revision.three", _DIES, 9, "interrupted", "two"),
    _gate("post_migrate", _RAISES, 4, "unhealthy", "three"),
    _gate("post_migrate", _EXITS, 4, "unhealthy", "three"),
    _gate("post_migrate", _DIES, 9, "interrupted", "three"),
    _observer("post_revision.one", _RAISES),
    _observer("post_revision.two", _EXITS),
    _observer("notify.run_started", _RAISES),
    _observer("notify.run_succeeded", _EXITS),
    _observer("notify.revision_applied", _HANGS),
]


@pytest.mark.parametrize("fault", FAULTS, ids=str)
def test_broken_hook(
    fault: Fault, scene: Scene, undisturbed: Mapping[str, frozenset[str]]
) -> None:
    drive(fault, scene, undisturbed)


@pytest.mark.parametrize("does", [_RAISES, _EXITS, _HANGS], ids=["raises", "exits", "hangs"])
def test_broken_migrate_failed_does_not_mask_the_failure(
    scene: Scene, undisturbed: Mapping[str, frozenset[str]], does: str
) -> None:
    (scene.project.root / "migrate_failed").write_text(does)
    fault = Fault(
        name="one.middle",
        at="one.middle",
        does="op.execute('select 1/0')",
        exit_code=1,
        outcome="failed",
        says="DivisionByZero",
    )

    end = drive(fault, scene, undisturbed)

    assert "plugin points, migrate_failed" in end.run.stderr
