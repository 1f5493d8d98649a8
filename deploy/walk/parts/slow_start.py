"""A database that takes its time to start, on a new volume and on an old one."""

from __future__ import annotations

from typing import TYPE_CHECKING

from deploy.walk.parts.first_deployment import HEALTH, HEALTHY

if TYPE_CHECKING:
    from deploy.walk.walk import Walk

# Longer than the health check of an image that starts at once would bear.
_SECONDS = 45
_OVERRIDE = f"""
services:
  db:
    entrypoint: ["sh", "-c", "sleep {_SECONDS}; exec docker-entrypoint.sh \\"$$@\\"", "--"]
    command: ["postgres"]
"""


def walk_slow_start(walk: Walk) -> None:
    """Migrate on a new volume, then start the application; the database is late both times."""
    walk.tally.part(f"The database is {_SECONDS} s late")
    override = walk.shell.folder.parent / "slow.yml"
    override.write_text(_OVERRIDE, encoding="utf-8")
    slow = walk.with_variables(COMPOSE_FILE=f"docker-compose.yml:{override}")
    slow.step("docker compose --profile '*' down --volumes", "everything is taken away")
    slow.step(
        "docker compose --profile migration up --exit-code-from migrate migrate",
        "`up migrate` waits for a new database",
    )
    slow.step("docker compose stop db app")
    slow.step("docker compose up -d --wait app", "`up --wait app` waits for an old one")
    slow.step(HEALTH, shows=HEALTHY)
