"""The next major version of PostgreSQL, which is one variable away."""

from __future__ import annotations

from typing import TYPE_CHECKING

from deploy.walk import images
from deploy.walk.parts.backups import PROVEN
from deploy.walk.parts.first_deployment import HEALTH, HEALTHY
from deploy.walk.walk import MIGRATE

if TYPE_CHECKING:
    from deploy.walk.walk import Walk

MAJOR = 19


def walk_next_major(walk: Walk) -> None:
    """Build image and server of it, migrate, back up, prove the backup; then remove them."""
    walk.tally.part(f"PostgreSQL {MAJOR}")
    variables = images.make_postgres(walk.shell, MAJOR)
    if variables is None:
        walk.tally.note(f"not walked: Debian has no package of PostgreSQL {MAJOR}")
        return
    newer = walk.with_variables(**variables)
    newer.step("GIT_COMMIT=$(git rev-parse HEAD) docker compose build app")
    newer.step("docker compose --profile migration up --exit-code-from migrate migrate")
    newer.step(newer.sql("migrate", "SHOW server_version"), "the server", shows=f"^{MAJOR}")
    newer.step(
        "docker compose run --rm -T --entrypoint pg_dump migrate --version",
        "and pg_dump",
        shows=rf"\) {MAJOR}",
    )
    newer.step("docker compose up -d --wait app")
    newer.step(HEALTH, shows=HEALTHY)
    newer.step(f"{MIGRATE} backup create", shows="read back")
    newer.step(f"{MIGRATE} backup verify latest --level restore", shows=PROVEN)
    newer.step(f"{MIGRATE} restore latest --confirm sst_platform")
    newer.step(HEALTH, "the application is healthy after the restore", shows=HEALTHY)
    newer.step("docker compose --profile '*' down --volumes")
