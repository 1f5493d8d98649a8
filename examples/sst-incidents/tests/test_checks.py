"""What `check` and the commands say about what is in the tables."""

from __future__ import annotations

import pytest
from sst_incidents.checks import checks

from sst.hooks import CheckStatus
from sst.testing import FakeInspection, Project

THERE = {"to_regclass": [(True,)]}


@pytest.mark.parametrize(
    ("rows", "status"),
    [
        ({"to_regclass": [(False,)]}, CheckStatus.SKIP),
        (THERE | {"from incident_reports": [(0, 0)]}, CheckStatus.PASS),
        (THERE | {"from incident_reports": [(2, 0)]}, CheckStatus.WARN),
        (THERE | {"from incident_reports": [(2, 1)]}, CheckStatus.FAIL),
    ],
)
def test_report_without_a_site_warns_and_then_fails(
    rows: dict[str, list[tuple[object, ...]]], status: CheckStatus
) -> None:
    [sites, _] = checks(site_within_days=3)

    assert sites.run(FakeInspection(rows)).status is status


def test_late_report_makes_check_fail_and_stands_in_the_list(incidents: Project) -> None:
    incidents.query(
        "INSERT INTO incident_reports (title, severity, reported_at)"
        " VALUES ('a crack in the scaffold', 2, now() - interval '4 days')"
    )

    checked = incidents.migrate("check", "--json")
    patient = incidents.migrate("check", "--set", "plugins.incidents.site_within_days=5")
    listed = incidents.migrate("incidents", "list", "--json")

    assert checked.exit_code == 3
    assert checked.json["error"]["code"] == "incident_without_site"
    assert patient.exit_code == 0, patient.output
    assert [row["title"] for row in listed.json["data"]["found"]] == ["a crack in the scaffold"]


def test_overdue_action_is_listed_and_only_a_warning(incidents: Project) -> None:
    incidents.query("INSERT INTO incident_reports (site_id, title, severity) VALUES (7, 'x', 1)")
    incidents.query(
        "INSERT INTO incident_actions (report_id, what, due_on)"
        " VALUES (1, 'close the hatch', current_date - 1)"
    )

    checked = incidents.migrate("check")
    overdue = incidents.migrate("incidents", "overdue")

    assert checked.exit_code == 0, checked.output
    assert "1 overdue" in checked.stdout
    assert "close the hatch" in overdue.stdout


def test_command_before_the_upgrade_says_what_to_do(project: Project) -> None:
    project.revision("1f0c5a7e9b21")
    project.enable("incidents")

    listed = project.migrate("incidents", "list")

    assert listed.exit_code == 5
    assert "upgrade" in listed.stderr
