"""Health: many checks in, one report out."""

from __future__ import annotations

from sst.health.report import HealthReport, NamedResult, run_checks

__all__ = ["HealthReport", "NamedResult", "run_checks"]
