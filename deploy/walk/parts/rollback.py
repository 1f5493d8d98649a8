"""The way back to the release before, as the section "Emergency rollback" says."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from deploy.walk.parts.first_deployment import HEALTH, HEALTHY
from deploy.walk.parts.roles import walk_rows
from deploy.walk.tally import Wanted
from deploy.walk.walk import MIGRATE

if TYPE_CHECKING:
    from deploy.walk.walk import Walk


def walk_rollback(walk: Walk) -> None:
    """Go back by tag, by a build, and with the schema; then forward again."""
    walk.tally.part("Emergency rollback")
    previous = walk.output("git rev-parse HEAD~1")
    names = {":COMMIT": f":{previous}", "<previous-commit>": previous}
    on_page = replace(walk, rewrites={**names, **walk.rewrites})
    on_page.section(
        "Emergency rollback",
        {
            r"docker image ls": Wanted(shows=previous),
            # Without a terminal nobody can be asked.
            r"migrate downgrade -1$": Wanted(exits=(5,), shows="--confirm"),
        },
        {
            r"git checkout": "below, once the schema has been back: the page asks for that order",
            r"compose build app": "the same",
        },
    )
    tag = f"SST_IMAGE=sst-platform:{previous} docker compose up -d --wait --no-build app"
    walk.step(tag, "the previous image on the newer schema")
    walk.step("curl -sf http://localhost:8000/version", "it serves", shows=previous)
    walk.step(HEALTH, "and is healthy", shows='"status":"(pass|warn)"')
    walk_rows(walk, "S4")
    walk.step(
        "SST_IMAGE=sst-platform:absent docker compose up -d --wait --no-build app",
        "a tag that is not there is refused",
        exits=1,
    )
    walk.step("docker compose stop app")
    walk.step(
        f"{MIGRATE} downgrade -1 --confirm sst_platform", "the schema goes back", shows="reverted"
    )
    walk.step(tag)
    walk.step(HEALTH, "the previous image on its own schema", shows=HEALTHY)
    walk.step(f"git checkout -q {previous}", "without a tag: the previous commit")
    walk.step("GIT_COMMIT=$(git rev-parse HEAD) docker compose build app")
    walk.step("docker compose up -d --wait app", "is built, and serves")
    walk.step(HEALTH, shows=HEALTHY)
    walk.step("git checkout -q walk", "and forward again")
    walk.step("GIT_COMMIT=$(git rev-parse HEAD) docker compose build app")
    walk.step(f"{MIGRATE} upgrade")
    walk.step("docker compose up -d --wait app")
    walk.step("docker compose exec -T app python migrate.py check", shows="up_to_date")
