"""A deployment whose one role was a superuser gets its three, as the page of containers says."""

from __future__ import annotations

from typing import TYPE_CHECKING

from deploy.walk.checkout import ROOT
from deploy.walk.page import Page
from deploy.walk.parts.first_deployment import HEALTH, HEALTHY
from deploy.walk.parts.roles import walk_superusers
from deploy.walk.tally import Wanted

if TYPE_CHECKING:
    from deploy.walk.walk import Walk

PAGE = ROOT / "docs/operators/containers.md"
SECTION = "From one role to three"
# As it was: PostgreSQL's first role for everything, and no script for a new volume.
_OVERRIDE = """
services:
  db:
    environment:
      POSTGRES_USER: sst_user
    volumes: !override
      - db:/var/lib/postgresql
"""
_SECRETS = """
rm -r secrets; install -d -m 700 secrets && printf %s before > secrets/db_admin_password.txt
for role in migration_database_url database_url; do
    printf %s postgresql://sst_user:before@db:5432/sst_platform > secrets/$role.txt
done
"""


def walk_from_one_role(walk: Walk) -> None:
    """Deploy as it was, then walk the section; the rows are there afterwards."""
    walk.tally.part("From one role to three")
    override = walk.shell.folder.parent / "one-role.yml"
    override.write_text(_OVERRIDE, encoding="utf-8")
    before = walk.with_variables(COMPOSE_FILE=f"docker-compose.yml:{override}")
    before.shell.must(_SECRETS)
    before.step("docker compose --profile migration up --exit-code-from migrate migrate")
    before.step("docker compose up -d --wait app", "as it was: one role, a superuser")
    row = "INSERT INTO sites (code, name) VALUES ('OLD', 'Walk')"
    before.step(before.sql("app", row), "a row from before")
    commands = Page(PAGE.read_text(encoding="utf-8")).commands(SECTION)
    moved = next((n for n, line in enumerate(commands) if line.startswith("mv secrets")), 0) + 1
    before.type(commands[:moved])
    walk.type([line for line in walk.page.commands("With Docker Compose") if "secrets" in line])
    walk.type(commands[moved:], {r"migrate check": Wanted(shows="up_to_date")})
    walk_superusers(walk)
    walk.step(walk.sql("app", "SELECT code FROM sites"), "the row is there", shows="^OLD$")
    walk.step(HEALTH, shows=HEALTHY)
    walk.step("docker compose --profile '*' down --volumes")
