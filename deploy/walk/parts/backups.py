"""Backups and restores with the role of migrations, as their sections say."""

from __future__ import annotations

from typing import TYPE_CHECKING

from deploy.walk.parts.first_deployment import HEALTH, HEALTHY
from deploy.walk.parts.roles import walk_rows
from deploy.walk.tally import Wanted
from deploy.walk.walk import MIGRATE

if TYPE_CHECKING:
    from deploy.walk.walk import Walk

PROVEN = r"^sound\s.*\srestore\s"
_KEPT = "SELECT count(*) FROM pg_database WHERE datname LIKE 'sst\\_platform\\_before\\_%'"
_CONFIRMED = "--confirm sst_platform"


def walk_backups(walk: Walk) -> None:
    """Make, prove, restore, take the restore back; the application goes on with its rights."""
    walk.tally.part("Backups and restores")
    walk.section(
        "Backups",
        {
            r"backup create": Wanted(shows="read back"),
            r"backup list": Wanted(shows="sst_platform"),
            r"verify latest --level restore": Wanted(shows=PROVEN),
        },
    )
    walk.step(
        "docker compose run --rm -T backups",
        "scheduled backups refuse to lie on this host alone",
        exits=2,
        shows="upload_to",
    )
    insert = "INSERT INTO walk_visits (text) VALUES ('after the backup')"
    walk.step(walk.sql("app", insert), "a row is written after the backup")
    walk.section("Restoring")
    walk.step(walk.sql("db", _KEPT), "the replaced database is kept", shows="^1$")
    # `restore` and then `restore --undo`: what was written after the backup is there again.
    _rows_are(walk, "1")
    walk_rows(walk, "S2")
    walk.step(f"{MIGRATE} restore latest {_CONFIRMED} --drop-old")
    _rows_are(walk, "0")
    walk.step(HEALTH, "the application is healthy after the restore", shows=HEALTHY)
    walk_rows(walk, "S3")
    walk.step(f"{MIGRATE} check", "the restored schema is up to date", shows="up_to_date")
    walk.step(walk.sql("db", _KEPT), "--drop-old has kept no further database", shows="^1$")


def _rows_are(walk: Walk, count: str) -> None:
    walk.step(
        walk.sql("app", "SELECT count(*) FROM walk_visits"),
        f"rows written after the backup: {count}",
        shows=f"^{count}$",
    )
