"""From nothing to an application behind a proxy, and back to nothing."""

from __future__ import annotations

from typing import TYPE_CHECKING

from deploy.walk.tally import Wanted
from deploy.walk.walk import MIGRATE

if TYPE_CHECKING:
    from deploy.walk.walk import Walk

_LABEL = "label=com.docker.compose.project=sst-platform"
HEALTHY = '"status":"pass"'
HEALTH = "curl -sf http://localhost:8000/health"


def walk_first_deployment(walk: Walk) -> None:
    """Walk the section "With Docker Compose"; then put the proxy in front."""
    walk.tally.part("First deployment")
    walk.section(
        "With Docker Compose",
        {
            r"logs migrate": Wanted(shows=r"done: empty -> \S+ \(head\)"),
            r"curl .*/health": Wanted(shows=HEALTHY),
            r"migrate upgrade$": Wanted(shows="nothing to do|up to date"),
            # Without a terminal nobody can be asked.
            r"migrate downgrade -1$": Wanted(exits=(5,), shows="--confirm"),
            r"runs show": Wanted(shows="upgrade"),
        },
    )
    walk.step(HEALTH, "the application is healthy", shows=HEALTHY)
    commit = walk.output("git rev-parse HEAD")
    walk.step("curl -sf http://localhost:8000/version", "/version names the commit", shows=commit)
    walk.step(f"{MIGRATE} runs show latest", "the record names the commit", shows=commit[:7])
    walk.step("docker compose --profile production up -d --wait proxy")
    walk.step("curl -skf https://localhost/health", "TLS in front of it", shows=HEALTHY)
    walk.step(
        "curl -s -o /dev/null -w '%{redirect_url}' http://localhost/health",
        "the proxy's port for HTTP leads to the one for HTTPS",
        shows=r"^https://localhost(:\d+)?/health$",
    )


def walk_image(walk: Walk) -> None:
    """Look at the image that the first deployment has built."""
    walk.tally.part("The image")
    inspect = "docker inspect sst-platform:local --format"
    run = "docker run --rm sst-platform:local"
    walk.step(f"{inspect} '{{{{.Config.User}}}}'", "its user is no root", shows="^10001:10001$")
    walk.step(f"{inspect} '{{{{.Config.Healthcheck}}}}'", "it asks after itself", shows="probe.py")
    walk.step(f"{run} pg_dump --version", "pg_dump has the server's major", shows=r" 18\.")
    left_out = "/app/tests /app/.git /app/secrets /app/.secrets.toml /app/.env /app/deploy/walk"
    walk.step(
        f"{run} sh -c 'ls -d {left_out} 2>/dev/null; command -v gcc make git; true'",
        "no test, no secret, no tool of a build and no walk is in it",
        hides=".",
    )


def walk_removal(walk: Walk) -> None:
    """Start every service once more, and remove them with their volumes."""
    walk.tally.part("Removal")
    walk.step("docker compose --profile production up -d --wait proxy")
    walk.step("docker compose --profile '*' down --volumes")
    for what, command in (
        ("container", "docker ps --all --quiet"),
        ("volume", "docker volume ls --quiet"),
        ("network", "docker network ls --quiet"),
    ):
        walk.step(f"{command} --filter {_LABEL}", f"no {what} is left", hides=".")
