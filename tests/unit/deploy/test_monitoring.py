"""Dashboard and alert rules name what is exported, and Prometheus's own tool takes them."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest
import yaml

from sst.metrics.known import KNOWN

ROOT = Path(__file__).parents[3]
FOLDER = ROOT / "deploy" / "monitoring"
PAGE = ROOT / "docs" / "operators" / "monitoring.md"
PARTS = {"histogram": ("_bucket", "_sum", "_count")}
EXPORTED = {f"{metric.name}{part}" for metric in KNOWN for part in PARTS.get(metric.kind, ("",))}
PROMTOOL = shutil.which("promtool")


def dashboard() -> dict[str, Any]:
    """Return the dashboard."""
    found: dict[str, Any] = json.loads((FOLDER / "grafana-dashboard.json").read_text("utf-8"))
    return found


def rules() -> list[dict[str, Any]]:
    """Return the alert rules."""
    found = yaml.safe_load((FOLDER / "alerts.yml").read_text("utf-8"))
    return [rule for group in found["groups"] for rule in group["rules"]]


def named_in(text: str) -> set[str]:
    """Return the metrics of ours that an expression names."""
    return set(re.findall(r"\bsst_\w+", text))


def test_dashboard_asks_for_what_is_exported() -> None:
    panels = dashboard()["panels"]
    asked = {
        name for panel in panels for each in panel["targets"] for name in named_in(each["expr"])
    }

    assert asked <= EXPORTED
    assert {panel["id"] for panel in panels} == set(range(1, len(panels) + 1))


def test_dashboard_shows_every_metric_of_the_database_but_moments_of_others() -> None:
    shown = named_in(json.dumps(dashboard()["panels"]))
    of_database = {metric.name for metric in KNOWN if not metric.name.startswith("sst_http")}

    assert of_database - shown == {
        "sst_backup_last_success_timestamp_seconds",
        "sst_database_read_timestamp_seconds",
        "sst_migration_last_start_timestamp_seconds",
        "sst_migration_running_since_timestamp_seconds",
    }


def test_dashboard_is_bound_to_no_data_source_of_ours() -> None:
    text = json.dumps(dashboard()["panels"])

    assert set(re.findall(r'"uid": "([^"]*)"', text)) == {"${datasource}"}


def test_panels_of_the_dashboard_do_not_overlap() -> None:
    taken: set[tuple[int, int]] = set()
    for panel in dashboard()["panels"]:
        place = panel["gridPos"]
        cells = {
            (x, y)
            for x in range(place["x"], place["x"] + place["w"])
            for y in range(place["y"], place["y"] + place["h"])
        }

        assert not cells & taken, panel["title"]
        assert max(x for x, _ in cells) < 24
        taken |= cells


@pytest.mark.parametrize("rule", rules(), ids=lambda rule: rule["alert"])
def test_rule_names_what_is_exported_and_says_what_to_do(rule: dict[str, Any]) -> None:
    assert named_in(rule["expr"])
    assert named_in(rule["expr"]) <= EXPORTED
    assert rule["for"]
    assert rule["labels"]["severity"] in {"page", "ticket"}
    assert "{{ $labels.instance }}" in rule["annotations"]["summary"]
    assert rule["annotations"]["description"].endswith(".")


def test_page_has_every_alert_and_every_metric() -> None:
    text = PAGE.read_text("utf-8")
    alerts = dict(re.findall(r"^\| `(Sst\w+)` \| (\w+) \|", text, re.MULTILINE))
    metrics = dict(re.findall(r"^\| `(sst_\w+)` \| (\w+) \|", text, re.MULTILINE))

    assert alerts == {rule["alert"]: rule["labels"]["severity"] for rule in rules()}
    assert metrics == {metric.name: metric.kind for metric in KNOWN}
    assert [each.help for each in KNOWN if each.help not in text] == []


@pytest.mark.skipif(
    PROMTOOL is None, reason="promtool, of Debian's package prometheus, is not here"
)
@pytest.mark.parametrize(
    "words", [("check", "rules", "alerts.yml"), ("test", "rules", "alerts_test.yml")]
)
def test_promtool_takes_the_rules(words: tuple[str, ...]) -> None:
    done = subprocess.run(
        [PROMTOOL or "", *words], cwd=FOLDER, capture_output=True, text=True, check=False
    )

    assert done.returncode == 0, done.stdout + done.stderr
