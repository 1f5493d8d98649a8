"""Health: many checks in, one report out.

- `report.py`: checks asked at once, each with its own deadline
"""

from __future__ import annotations

from sst.health.report import HealthReport, NamedResult, run_checks

__all__ = ["HealthReport", "NamedResult", "run_checks"]
