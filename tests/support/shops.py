"""Projects that have migrated past a backup: made once for a server, copied for each test."""

from __future__ import annotations

import shutil
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

from plugins.backup.postgres.client_programs import find_tools
from plugins.backup.postgres.maintenance_session import connected
from sst.db.url import DatabaseUrl
from tests.support.forks import wait_until
from tests.support.pg_tools import write_program
from tests.support.project import Project
from tests.support.swaps import drop_family

if TYPE_CHECKING:
    from pathlib import Path

    from tests.support.forks import Running
    from tests.support.project import Outcome
    from tests.support.server import TestServer

# What asks for the version, or reads an archive, gets the real one; a restore does *body*.
_RESTORE = """#!/bin/sh
[ "$1" = --version ] && exec '{real}' --version
case "$*" in *--file=*) exec '{real}' "$@";; esac
touch '{marker}'
{body}
"""


@dataclass
class Shop:
    """A project at revision `one` with a backup, and then at `two`."""

    project: Project
    server: TestServer
    backup_id: str

    @property
    def live(self) -> str:
        """The name of the live database."""
        return DatabaseUrl(self.project.database_url).name

    @property
    def confirmed(self) -> tuple[str, str]:
        """The words that make a restore go on without a terminal."""
        return "--confirm", self.live

    def family(self) -> list[str]:
        """Return the databases whose names begin with the live one's."""
        with connected(DatabaseUrl(self.project.database_url)) as outside:
            return outside.names(f"^{self.live}")

    def url_of(self, name: str) -> str:
        """Return the URL of the database *name* of the family."""
        return DatabaseUrl(self.project.database_url).with_database(name).reveal()

    def rows(self) -> list[tuple[Any, ...]]:
        """Return what the live database says it is."""
        return self.project.query("SELECT word FROM whoami")

    def restore(self, *words: str) -> Outcome:
        """Restore the backup, confirmed."""
        return self.project.migrate("restore", self.backup_id, *words, *self.confirmed)

    def undo(self, *words: str) -> Outcome:
        """Go back, confirmed."""
        return self.project.migrate("restore", "--undo", *words, *self.confirmed)

    def slowly(self, folder: Path, body: str = "exec sleep 120") -> Running:
        """Start a restore with a pg_restore that does *body*; return when it is called."""
        real = find_tools(int(self.project.query("SHOW server_version_num")[0][0]) // 10_000)
        programs, marker = folder / "bin", folder / "called"
        programs.mkdir()
        (programs / "pg_dump").symlink_to(real.pg_dump)
        text = _RESTORE.format(real=real.pg_restore, marker=marker, body=body)
        write_program(programs / "pg_restore", text)
        given = ["--set", f"plugins.backup.pg_bin={programs}", *self.confirmed]
        running = self.project.start("restore", self.backup_id, *given)
        wait_until(lambda: marker.exists() or running.has_ended, "pg_restore is called")
        return running


@dataclass
class Models:
    """The projects that are copied, by server; their databases are templates."""

    folder: Path
    _made: dict[str, Shop] = field(default_factory=dict)

    def copy(self, server: TestServer, root: Path) -> Shop:
        """Return a copy with its files in *root*; its database has the name in the backup."""
        if server.url not in self._made:
            self._made[server.url] = _model(server, self.folder / str(len(self._made)))
        model = self._made[server.url]
        with connected(DatabaseUrl(server.url)) as outside:
            template = _template(model.live)
            outside.execute("CREATE DATABASE {} TEMPLATE {}", model.live, template)
        shutil.copytree(model.project.root, root, symlinks=True)
        kept = model.project
        copied = replace(
            kept, root=root, settings={}, environment={}, revisions=[*kept.revisions], outcomes=[]
        )
        return Shop(copied, server, model.backup_id)

    def drop(self) -> None:
        """Drop the templates."""
        for model in self._made.values():
            drop_family(model.server.url, _template(model.live))


def _template(live: str) -> str:
    return f"model_of_{live}"


def _model(server: TestServer, root: Path) -> Shop:
    project = Project.create(root, server.create_database())
    project.enable("backup")
    project.revision("one", "op.execute(\"CREATE TABLE whoami AS SELECT text 'one' AS word\")")
    first = project.migrate("upgrade", "--set", "plugins.backup.verify=none, unproven")
    assert first.exit_code == 0, first.output
    project.revision("two", "op.execute(\"UPDATE whoami SET word = 'two'\")")
    upgraded = project.migrate("upgrade", "--json")
    shop = Shop(project, server, upgraded.json["backup"]["id"])
    with connected(DatabaseUrl(project.database_url)) as outside:
        outside.execute("ALTER DATABASE {} RENAME TO {}", shop.live, _template(shop.live))
    return shop
