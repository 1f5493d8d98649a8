"""A project whose role owns its database and is no superuser, as in production."""

from __future__ import annotations

import shutil
import uuid
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from sst.db.url import DatabaseUrl
from tests.support.backups import execute, fetch
from tests.support.project import Project
from tests.support.server import temporary_place
from tests.support.swaps import drop_family

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from tests.support.project import Outcome
    from tests.support.server import TestServer

_PATH_SINCE = 180_000
_CONTROL = "comment = 'only for superusers'\ndefault_version = '1.0'\nrelocatable = true\n"
# As postgis does: a table whose rows are dumped, and that only its owner may write.
_SCRIPT = """
CREATE TABLE strict_facts (fact text);
GRANT SELECT ON strict_facts TO PUBLIC;
SELECT pg_extension_config_dump('strict_facts', '');
"""


@dataclass(frozen=True)
class Owned:
    """A project with backups, driven by *role*; *admin_url* is a superuser's way to its data."""

    project: Project
    admin_url: str
    role: str

    @property
    def live(self) -> str:
        """The name of the database."""
        return DatabaseUrl(self.admin_url).name

    def admin(self, *statements: str) -> None:
        """Run *statements* as a superuser."""
        for statement in statements:
            execute(self.admin_url, statement)

    def owner(self, *statements: str) -> None:
        """Run *statements* as the role that owns the database."""
        for statement in statements:
            execute(self.project.database_url, statement)

    def fetch(self, question: str) -> list[tuple[Any, ...]]:
        """Return the rows of *question*, asked as a superuser."""
        return fetch(self.admin_url, question)

    def backup(self, *words: str) -> Outcome:
        """Make a backup as the role."""
        return self.project.migrate("backup", "create", "--json", *words)

    def warnings(self, *words: str) -> str:
        """Return what a backup, which is made, warns of."""
        made = self.backup(*words)
        assert made.exit_code == 0, made.output
        return "\n".join(made.json["warnings"])

    def restore(self, *words: str) -> Outcome:
        """Restore the newest backup as the role."""
        confirmed = ("--confirm", self.live, "--json")
        return self.project.migrate("restore", "latest", *words, *confirmed)


@contextmanager
def owned(server: TestServer, root: Path) -> Iterator[Owned]:
    """Create such a project in *root*; its databases and the role are dropped at the end."""
    admin_url = server.create_database()
    live, role = DatabaseUrl(admin_url).name, f"owner_{uuid.uuid4().hex[:8]}"
    execute(admin_url, f"CREATE ROLE {role} LOGIN CREATEDB")
    execute(admin_url, f"ALTER DATABASE {live} OWNER TO {role}")
    url = DatabaseUrl(admin_url).for_psycopg2().set(username=role)
    project = Project.create(root, url.render_as_string(hide_password=False))
    project.enable("backup")
    try:
        yield Owned(project, admin_url, role)
    finally:
        drop_family(server.url, live)
        execute(server.url, f"DROP OWNED BY {role}")
        execute(server.url, f"DROP ROLE {role}")


@contextmanager
def untrusted_extension(database: Owned) -> Iterator[str]:
    """Return the name of an extension that only a superuser may create.

    A server with contrib has one. Another, since PostgreSQL 18, reads one from a folder.
    """
    if database.fetch("SELECT FROM pg_available_extensions WHERE name = 'file_fdw'"):
        yield "file_fdw"
        return
    [(version,)] = database.fetch("SELECT CAST(current_setting('server_version_num') AS integer)")
    assert version >= _PATH_SINCE, "the server has neither file_fdw nor an extension_control_path"
    folder = temporary_place().folder
    (folder / "extension").mkdir(mode=0o755)
    (folder / "extension" / "strict.control").write_text(_CONTROL)
    (folder / "extension" / "strict--1.0.sql").write_text(_SCRIPT)
    [(admin,)] = database.fetch("SELECT current_user")
    roles = (admin, database.role)
    for role in roles:
        database.admin(f"ALTER ROLE {role} SET extension_control_path TO '{folder}:$system'")
    try:
        yield "strict"
    finally:
        for role in roles:
            database.admin(f"ALTER ROLE {role} RESET extension_control_path")
        shutil.rmtree(folder)
