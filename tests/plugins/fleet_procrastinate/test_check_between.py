"""`--check-between` with workers: the check of a wave goes through the queue as its run did."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from tests.plugins.fleet_procrastinate.conftest import Fleet

PROBE = """
    from sst.hooks import Check, CheckResult, CheckStatus, Stage, hookimpl

    @hookimpl
    def register_checks():
        result = CheckResult(CheckStatus.FAIL, "it is not well")
        return [Check("health", lambda inspection: result, stages=frozenset({Stage.CHECK}))]
"""


def test_check_that_fails_after_the_canary_stops_the_rest(fleet: Fleet) -> None:
    fleet.project.plugin("probe", PROBE)
    fleet.project.enable("fleet_procrastinate", "probe")
    fleet.go()
    fleet.worker()

    result = fleet.start("upgrade", "--canary", "1", "--check-between").finish()

    assert result.exit_code == 5, result.output
    assert result.json["counts"] == {"failed": 1, "skipped": 3}
    assert "health: it is not well" in result.json["targets"]["a"]["error"]["message"]
    assert fleet.steps() == {"a": 1, "b": 0, "c": 0, "d": 0}
    assert fleet.in_queue("procrastinate_jobs") == 0
