"""deploy/postgres/roles.sh, which `db` runs in a new volume and an operator in an old one."""

from __future__ import annotations

import os
import subprocess
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from psycopg2.errors import InsufficientPrivilege

from plugins.embedded_postgres.sockets import socket_folder
from sst.testing.project.server import connect
from tests.support.hurt_server import HurtServer, hurt_server

if TYPE_CHECKING:
    from collections.abc import Iterator

SCRIPT = Path(__file__).resolve().parents[3] / "deploy" / "postgres" / "roles.sh"
SHOP = "shop"
HIDDEN = "p4ss-w0rd"
# What was made while the application was the first role, of each kind that has an owner.
OBJECTS = """
    CREATE TABLE lists (id serial PRIMARY KEY, name text);
    INSERT INTO lists (name) VALUES ('old');
    CREATE TABLE "By Year" (year int, "n o" int GENERATED ALWAYS AS IDENTITY)
        PARTITION BY RANGE (year);
    CREATE TABLE y1 PARTITION OF "By Year" FOR VALUES FROM (1) TO (2);
    CREATE VIEW names AS SELECT name FROM lists;
    CREATE MATERIALIZED VIEW kept AS SELECT name FROM lists;
    CREATE SEQUENCE numbers;
    CREATE TYPE mood AS ENUM ('good');
    CREATE TYPE pair AS (a int, b int);
    CREATE TYPE span AS RANGE (subtype = int4);
    CREATE DOMAIN positive AS int CHECK (value > 0);
    CREATE FUNCTION one() RETURNS int LANGUAGE sql AS 'SELECT 1';
    CREATE PROCEDURE nothing() LANGUAGE sql AS 'SELECT 1';
    CREATE AGGREGATE total (int) (sfunc = int4pl, stype = int);
    CREATE SCHEMA archive;
    CREATE TABLE archive.lists (id int);
    SELECT lo_from_bytea(4711, 'x');
"""
OWNED = """
    SELECT relname::text FROM pg_class
    WHERE relowner = %(role)s::regrole AND relkind NOT IN ('i', 'I')
        AND relnamespace NOT IN ('pg_toast'::regnamespace, 'pg_catalog'::regnamespace,
                                 'information_schema'::regnamespace)
    UNION ALL SELECT p.proname FROM pg_proc p WHERE proowner = %(role)s::regrole AND oid >= 16384
        AND NOT EXISTS (SELECT FROM pg_depend WHERE objid = p.oid AND deptype = 'i')
    UNION ALL SELECT nspname FROM pg_namespace
    WHERE nspowner = %(role)s::regrole AND oid >= 16384
    UNION ALL SELECT oid::text FROM pg_largeobject_metadata
    WHERE lomowner = %(role)s::regrole
"""


@dataclass(frozen=True, slots=True)
class Deployment:
    """A server with the database of a compose file, and the secrets beside it."""

    server: HurtServer
    secrets: Path
    administrator: str = "postgres"
    application: str = "sst_user"

    def write_secrets(self, generation: int = 1) -> None:
        """Write the three secrets, as the page of deployment does."""
        password = f"{HIDDEN}-{generation}"
        self.secrets.mkdir(exist_ok=True)
        (self.secrets / "db_admin_password").write_text(f"admin-{password}", "utf-8")
        for name, role in (
            ("migration_database_url", "sst_migrator"),
            ("database_url", self.application),
        ):
            url = f"postgresql://{role}:{role}%40{password}@db:5432/{SHOP}"
            (self.secrets / name).write_text(url, "utf-8")

    def run(self) -> subprocess.CompletedProcess[str]:
        """Run the script as the container would."""
        environment = {
            **{name: os.environ[name] for name in ("HOME", "LANG") if name in os.environ},
            "PATH": f"{Path(self.server.installation.program('psql')).parent}:/usr/bin:/bin",
            "PGHOST": str(socket_folder(self.server.place)),
            "POSTGRES_USER": self.administrator,
            "POSTGRES_DB": SHOP,
            "POSTGRES_PASSWORD_FILE": str(self.secrets / "db_admin_password"),
            "SECRETS_FOLDER": str(self.secrets),
        }
        return subprocess.run(
            ["bash", str(SCRIPT)],
            env=environment,
            capture_output=True,
            text=True,
            timeout=120,
            check=False,
        )

    def ask(self, role: str, *statements: str) -> list[tuple[object, ...]]:
        """Run *statements* as *role*; return the rows of the last one."""
        url = self.server.databases.url.replace("//postgres@/postgres", f"//{role}@/{SHOP}")
        with closing(connect(url)) as connection, connection.cursor() as cursor:
            for statement in statements:
                cursor.execute(statement)
            return cursor.fetchall() if cursor.description else []

    def owned_by(self, role: str) -> set[object]:
        """Return the names of what *role* owns in the database."""
        question = OWNED.replace("%(role)s", f"'{role}'")
        return {name for (name,) in self.ask(self.administrator, question)}


@contextmanager
def new_deployment(folder: Path) -> Iterator[Deployment]:
    """Make a deployment whose database has just been made; its secrets are in *folder*."""
    with hurt_server() as server:
        with closing(connect(server.databases.url)) as connection, connection.cursor() as cursor:
            cursor.execute(f"CREATE DATABASE {SHOP}")
        made = Deployment(server, folder / "secrets")
        made.write_secrets()
        yield made


@pytest.fixture
def deployment(tmp_path: Path) -> Iterator[Deployment]:
    """Return a deployment whose database has just been made."""
    with new_deployment(tmp_path) as made:
        yield made


@pytest.fixture(scope="module")
def ready(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Deployment]:
    """Return one with its roles and a table, which the tests leave as it is."""
    with new_deployment(tmp_path_factory.mktemp("ready")) as made:
        made.run()
        made.ask(
            "sst_migrator", "CREATE TABLE lists (id int)", "CREATE TABLE migrator.run (id int)"
        )
        yield made


def test_application_reads_and_writes_rows_of_what_the_migrator_makes_later(
    deployment: Deployment,
) -> None:
    """A revision says nothing of roles."""
    assert deployment.run().stderr == ""

    deployment.ask("sst_migrator", "CREATE TABLE lists (id serial PRIMARY KEY, name text)")
    rows = deployment.ask(
        "sst_user",
        "INSERT INTO lists (name) VALUES ('a'), ('b')",
        "UPDATE lists SET name = 'c' WHERE id = 1",
        "DELETE FROM lists WHERE id = 2",
        "SELECT id, name FROM lists",
    )

    assert rows == [(1, "c")]


@pytest.mark.parametrize(
    "statement",
    [
        "COPY (SELECT 1) TO PROGRAM 'true'",
        "SELECT pg_read_file('/etc/hostname')",
        "CREATE TABLE mine (id int)",
        "CREATE TEMPORARY TABLE mine (id int)",
        "CREATE SCHEMA mine",
        "CREATE DATABASE mine",
        "CREATE ROLE mine",
        "DROP TABLE lists",
        "ALTER TABLE lists ADD COLUMN more int",
        "TRUNCATE lists",
        "INSERT INTO alembic_version VALUES ('1')",
        "DELETE FROM alembic_version",
        "INSERT INTO migrator.run SELECT * FROM migrator.run",
        "SET ROLE sst_migrator",
    ],
)
def test_application_may_nothing_else(ready: Deployment, statement: str) -> None:
    """A hole in the application is no shell in the database's container."""
    with pytest.raises(InsufficientPrivilege):
        ready.ask("sst_user", statement)


def test_migrator_is_no_superuser_and_owns_the_database(ready: Deployment) -> None:
    """What a restore needs is CREATEDB and the right to end sessions."""
    attributes = ready.ask(
        "postgres",
        "SELECT rolname::text, rolsuper, rolcreatedb, rolcreaterole,"
        " pg_has_role(oid, 'pg_signal_backend', 'usage') FROM pg_roles"
        " WHERE rolname IN ('sst_migrator', 'sst_user') ORDER BY 1",
    )
    (owner,) = ready.ask(
        "postgres",
        "SELECT pg_get_userbyid(datdba) FROM pg_database WHERE datname = current_database()",
    )

    assert attributes == [
        ("sst_migrator", False, True, False, True),
        ("sst_user", False, False, False, False),
    ]
    assert owner == ("sst_migrator",)


def test_second_run_changes_the_passwords_alone(deployment: Deployment) -> None:
    """A new password is a new file and a second run."""
    state = (
        "SELECT string_agg(rolname || coalesce(rolpassword, ''), ',' ORDER BY rolname)"
        " FROM pg_authid WHERE rolname ~ '^(sst_|postgres)'"
    )
    deployment.run()
    before = deployment.ask("postgres", state)
    owned = deployment.owned_by("sst_migrator")

    deployment.write_secrets(2)
    result = deployment.run()

    assert (result.returncode, result.stdout, result.stderr) == (0, "", "")
    assert deployment.ask("postgres", state) != before
    assert deployment.owned_by("sst_migrator") == owned


def test_first_role_becomes_the_administrator_and_its_objects_the_migrators(
    deployment: Deployment,
) -> None:
    """The way over for a deployment in which the application was the superuser."""
    deployment.ask("postgres", OBJECTS)
    owned = deployment.owned_by("postgres")
    old = Deployment(deployment.server, deployment.secrets, "sst_admin", "postgres")
    old.write_secrets()

    result = old.run()
    rows = old.ask("postgres", "SELECT name FROM lists", "INSERT INTO lists (name) VALUES ('new')")

    assert (result.returncode, result.stderr) == (0, "")
    assert rows == []
    assert old.owned_by("sst_migrator") == owned | {"migrator", "alembic_version"}
    assert old.owned_by("postgres") == set()
    assert old.owned_by("sst_admin") == set()
    assert old.ask("sst_admin", "SELECT rolname::text FROM pg_roles WHERE rolsuper") == [
        ("sst_admin",)
    ]
    # Its schema is the application's to use as well.
    assert old.ask("postgres", "SELECT count(*) FROM archive.lists") == [(0,)]


def test_large_object_of_the_application_can_be_backed_up(ready: Deployment) -> None:
    """Whoever may connect may make one: it must not end every backup, and with it every run."""
    ready.ask("sst_user", "SELECT lo_from_bytea(4712, 'x')")

    assert ready.ask("sst_migrator", "SELECT convert_from(lo_get(4712), 'UTF8')") == [("x",)]


def test_run_after_one_that_was_killed_while_it_renamed(deployment: Deployment) -> None:
    """Its helper, a superuser, is no obstacle, and does not stay."""
    deployment.ask("postgres", "CREATE ROLE sst_renames_the_first_role SUPERUSER LOGIN")
    old = Deployment(deployment.server, deployment.secrets, "sst_admin", "postgres")
    old.write_secrets()

    result = old.run()

    assert (result.returncode, result.stderr) == (0, "")
    assert old.ask("sst_admin", "SELECT rolname::text FROM pg_roles WHERE rolsuper") == [
        ("sst_admin",)
    ]


def test_runs_at_the_same_time_follow_one_another(deployment: Deployment) -> None:
    """Two pipelines, or a person beside one."""
    deployment.run()

    with ThreadPoolExecutor(4) as pool:
        results = [each.result() for each in [pool.submit(deployment.run) for _ in range(4)]]

    assert {(result.returncode, result.stderr) for result in results} == {(0, "")}


def test_one_role_for_two_purposes_is_refused(deployment: Deployment) -> None:
    """A copied URL would make the application the owner again."""
    (deployment.secrets / "database_url").write_text(
        (deployment.secrets / "migration_database_url").read_text("utf-8"), "utf-8"
    )

    result = deployment.run()

    assert result.returncode == 2
    assert "need a role each" in result.stderr
    assert "sst_migrator" in result.stderr


def test_url_without_a_password_is_refused_without_being_shown(deployment: Deployment) -> None:
    """The message names the file."""
    (deployment.secrets / "database_url").write_text("sst_user:h1dden@db", "utf-8")

    result = deployment.run()

    assert result.returncode == 2
    assert "database_url is no URL" in result.stderr
    assert "h1dden" not in result.stderr


def test_failure_leaves_nothing_half_made(deployment: Deployment) -> None:
    """All of it is one transaction: the line is run again when the cause is gone."""
    deployment.ask(
        "postgres", "CREATE ROLE stranger", "CREATE SCHEMA migrator AUTHORIZATION stranger"
    )

    result = deployment.run()
    roles = deployment.ask("postgres", "SELECT FROM pg_roles WHERE rolname ~ '^sst_'")

    assert result.returncode != 0
    assert "migrator" in result.stderr
    assert roles == []


def test_no_password_reaches_the_log_of_the_server(deployment: Deployment) -> None:
    """Also where it logs every statement with its time."""
    deployment.ask(
        "postgres",
        "ALTER SYSTEM SET log_statement = 'all'",
        "ALTER SYSTEM SET log_min_duration_statement = 0",
        "SELECT pg_reload_conf()",
    )

    result = deployment.run()
    log = (deployment.server.place.folder / "data" / "log").read_text("utf-8")

    assert HIDDEN not in log + result.stdout + result.stderr
    # It was at work: what comes before the first line that silences it is there.
    assert "SET log_min_error_statement" in log
