"""Rows as the code of an older release wrote them."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from tests.migrations.chain import Chain

_SITE = "INSERT INTO sites (code, name) VALUES ('S1', 'Plant')"
_WORKER = """
INSERT INTO workers (site_id, employee_number, full_name) SELECT id, 'E1', 'Ana' FROM sites
"""
_INCIDENTS = """
INSERT INTO incidents (site_id, reported_by_id, occurred_at, title, severity, is_closed)
SELECT w.site_id, w.id, timestamptz '2026-01-01' + n * interval '1 hour', 'fall ' || n,
       1 + n % 5, n % 3 = 0
FROM workers w, generate_series(1, {count}) n
"""


def add_incidents(chain: Chain, count: int) -> None:
    """Add *count* incidents to a schema that still has is_closed; every third is closed."""
    chain.execute(_SITE, _WORKER, _INCIDENTS.format(count=count))
