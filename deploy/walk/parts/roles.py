"""What the role of the application may do, and what it may not."""

from __future__ import annotations

import json
import secrets
from typing import TYPE_CHECKING

from deploy.walk.parts.first_deployment import HEALTH, HEALTHY

if TYPE_CHECKING:
    from deploy.walk.walk import Walk

_SERVICES = ("app", "migrate")
_DENIED = "permission denied|must be owner|only roles with|must be superuser|must have"
# Refused to the application: what it is, and a statement that does it.
_REFUSED = {
    "run a program of the server": "COPY (SELECT 1) TO PROGRAM 'true'",
    "read a file of the server": "SELECT pg_read_file('/etc/passwd')",
    "write a file of the server": "COPY (SELECT 1) TO '/tmp/walk'",
    "make a table": "CREATE TABLE walk_own (id int)",
    "make a schema": "CREATE SCHEMA walk_own",
    "make a role": "CREATE ROLE walk_own",
    "make a database": "CREATE DATABASE walk_own",
    "drop a table": "DROP TABLE sites CASCADE",
    "change a table": "ALTER TABLE sites ADD COLUMN walk_own int",
    "empty a table at once": "TRUNCATE sites CASCADE",
    "move the version table": "UPDATE alembic_version SET version_num = 'x'",
    "write the record of runs": "DELETE FROM migrator.run",
    "read the server's passwords": "SELECT rolpassword FROM pg_authid",
}
# Refused to the role of migrations as well.
_REFUSED_TO_BOTH = ("run a program of the server", "read a file of the server", "make a role")
_ROWS = (
    "INSERT INTO walk_visits (text) VALUES ('one') RETURNING text",
    "UPDATE walk_visits SET text = 'one' WHERE text = 'one' RETURNING text",
    "SELECT DISTINCT text FROM walk_visits WHERE text = 'one'",
    "DELETE FROM walk_visits WHERE text = 'one' RETURNING text",
)


def walk_roles(walk: Walk) -> None:
    """Connect as each service does, and try."""
    walk.tally.part("Roles")
    walk_superusers(walk)
    roles = {walk.output(walk.sql(each, "SELECT current_user")) for each in (*_SERVICES, "db")}
    fault = "" if len(roles) == len((*_SERVICES, "db")) else f"there are {sorted(roles)}"
    walk.tally.record("administrator, migrator and application are three roles", fault)
    for what, statement in _REFUSED.items():
        walk.step(
            walk.sql("app", statement), f"the application may not {what}", exits=1, shows=_DENIED
        )
    for what in _REFUSED_TO_BOTH:
        walk.step(
            walk.sql("migrate", _REFUSED[what]),
            f"nor may migrations {what}",
            exits=1,
            shows=_DENIED,
        )
    walk.step(
        walk.sql(
            "migrate",
            "SELECT DISTINCT pg_get_userbyid(datdba) = current_user FROM pg_database"
            " WHERE datname = current_database()",
        ),
        "the database belongs to the role of migrations",
        shows="^t$",
    )
    administrators = (
        "SELECT count(*) FROM pg_stat_activity JOIN pg_roles ON rolname = usename"
        " WHERE rolsuper AND backend_type = 'client backend' AND pid <> pg_backend_pid()"
    )
    walk.step(
        walk.sql("db", administrators), "no service uses the administrator's role", shows="^0$"
    )
    walk_rows(walk, "S1")


def walk_superusers(walk: Walk) -> None:
    """Ask as each service that uses the database whether its role is a superuser."""
    superuser = "SELECT rolsuper FROM pg_roles WHERE rolname = current_user"
    for service in _SERVICES:
        walk.step(walk.sql(service, superuser), f"{service} is no superuser", shows="^f$")


def walk_rows(walk: Walk, code: str) -> None:
    """Read and write rows: by SQL in the newest table, by the API at a site of *code*."""
    for statement in _ROWS:
        claim = f"the application may {statement.split()[0]} in a table of a later revision"
        walk.step(walk.sql("app", statement), claim, shows="^one$")
    body = json.dumps({"code": code, "name": "Walk"})
    sites = "http://localhost:8000/sites"
    send = "curl -s -H 'content-type: application/json'"
    walk.step(f"{send} -d '{body}' {sites}", f"POST /sites {code}", shows=f'"code":"{code}"')
    walk.step(f"curl -s '{sites}?code={code}'", "GET /sites", shows=f'"code":"{code}"')
    site = (
        f"{sites}/$(curl -s '{sites}?code={code}' | grep -oE '\"id\":[0-9]+' | grep -oE '[0-9]+')"
    )
    walk.step(f'{send} -X PATCH -d \'{{"name":"Two"}}\' {site}', "PATCH /sites", shows="Two")


def walk_new_password(walk: Walk) -> None:
    """Change the password of the application, as the page of the containers says."""
    walk.tally.part("A new password")
    url = walk.shell.folder / "secrets" / "database_url.txt"
    before = url.read_text(encoding="utf-8")
    role, address = before.rpartition(":")[0].rpartition(":")[0], before.partition("@")[2]
    url.write_text(f"{role}:{secrets.token_hex(24)}@{address}", encoding="utf-8")
    walk.step("docker compose up -d --force-recreate --wait db")
    walk.step("docker compose exec -T db bash /docker-entrypoint-initdb.d/roles.sh")
    walk.step("docker compose up -d --force-recreate --wait app")
    walk.step(HEALTH, "the application has the new password", shows=HEALTHY)
    walk_rows(walk, "S5")
