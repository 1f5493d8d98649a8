"""Making one backup: lock, snapshot, dump and count at once, prove, describe."""

from __future__ import annotations

import logging
import time
from contextlib import ExitStack
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from sst.hooks import ProgressLine, Veto, size_text

from ..archive.contents import count_all
from ..archive.files import total_bytes
from ..archive.packing import Packer
from ..archive.pg_dump import Archiver
from ..archive.source import Source
from ..manifest.manifest import (
    NAME_PROPERTIES,
    OBSTACLES,
    ONE_SCHEMA_VERSION,
    OUTSIDE,
    SCHEMA_VERSION,
    Manifest,
)
from ..manifest.outside import Outside
from ..one_schema.outside import outside_of
from ..postgres.client_environment import client_environment
from ..postgres.client_programs import find_tools
from ..postgres.create_database import properties_of, roles_of
from ..postgres.name_properties_in_manifest import name_properties_of
from ..postgres.process import Deadline
from ..postgres.task import Task
from ..verify.verifier import NONE, READ, RESTORE, Verifier
from .mvcc_snapshot import held_snapshot
from .obstacles import obstacles_of
from .shape import choose_shape, rebuild_jobs_of

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from pathlib import Path

    from sst.hooks import DatabaseUrl

    from ..archive.contents import Contents
    from ..archive.pg_dump import Shape
    from ..archive.source import BackupTarget
    from ..manifest.manifest import ArchivedFile
    from ..manifest.subject import Subject
    from ..postgres.client_programs import Tools
    from ..postgres.database_session import Session
    from .mvcc_snapshot import MvccSnapshot
    from .settings import CreateSettings

_log = logging.getLogger("sst.plugins.backup")
_DUMPED = b"dumping contents of table"
# pg_dump says so when it has the definitions, and with them the locks.
_LOCKED = b"saving database definition"


@dataclass(frozen=True, slots=True)
class Facts:
    """The facts that were read in the dump's own snapshot."""

    contents: Contents
    properties: Mapping[str, Any]
    roles: tuple[str, ...]
    outside: Outside


@dataclass(frozen=True, slots=True)
class Maker:
    """Makes backups of the database of *target*, as *settings* say."""

    settings: CreateSettings
    target: BackupTarget
    source: Source
    tools: Tools
    deadline: Deadline
    expected_share: float | None = None
    """How large the archive will be, of the database's bytes; None where no backup tells."""

    @classmethod
    def of(cls, settings: CreateSettings, target: BackupTarget) -> Maker:
        """Look at the database and find the tools; nothing is written yet.

        Raises `Veto` when the database does not answer, or no pg_dump fits it.
        """
        source = Source.of(target)
        tools = find_tools(source.server_major, settings.pg_bin)
        return cls(settings, target, source, tools, Deadline(settings.timeout_seconds))

    @property
    def subject(self) -> Subject:
        """What the backup is of."""
        return self.source.subject

    @property
    def url(self) -> DatabaseUrl:
        """The database, by its real name."""
        return self.target.database_url.with_database(self.subject.database)

    def make(self, backup_id: str, run_id: str | None, folder: Path) -> Manifest:
        """Write the archive into the empty *folder*, prove it, and return its manifest.

        Raises `Veto` when it cannot be made or proven.
        """
        started = time.monotonic()
        obstacles = self._obstacles()
        # Two in one second have an order, and the id of a run does not say which.
        created_at = datetime.now(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
        shape, facts = self._archive(folder)
        manifest = Manifest(
            id=backup_id,
            run_id=run_id,
            environment=self.target.environment,
            database=self.subject.database,
            schema=self.subject.schema or None,
            heads=facts.contents.heads,
            format=shape.format,
            compression=shape.compression,
            server_version=self.source.server_version,
            tool_version=self.tools.version,
            created_at=created_at,
            duration_ms=0,
            database_bytes=self.source.size_bytes,
            files=self._read(folder, shape),
            tables=facts.contents.tables,
            large_objects=facts.contents.large_objects,
            properties={
                **facts.properties,
                **self._of_the_subject(facts),
                OBSTACLES: obstacles,
            },
            roles=facts.roles,
            verified=NONE,
            version_table=self.source.version_table,
            system_identifier=self.source.origin.system_identifier,
            cluster=self.source.origin.cluster,
            schema_version=ONE_SCHEMA_VERSION if self.subject.schema else SCHEMA_VERSION,
        )
        self._restore(folder, manifest)
        return replace(
            manifest,
            verified=self.settings.level,
            duration_ms=int((time.monotonic() - started) * 1000),
        )

    def _of_the_subject(self, facts: Facts) -> dict[str, Any]:
        """Return the properties that only a database has, or only one schema."""
        if self.subject.schema:
            return {OUTSIDE: facts.outside.to_dict()}
        return {NAME_PROPERTIES: name_properties_of(self.url)}

    def _obstacles(self) -> list[str]:
        """Return the obstacles to a restore by this role, unless a restore here proves it anyway.

        Raises `Veto` when the proof would be made elsewhere and say nothing of this role.
        """
        settings = self.settings
        is_proven = settings.level == RESTORE
        if is_proven and settings.scratch_url is None:
            return []
        found = obstacles_of(self.url, settings.rebuild_options, self.deadline)
        certain = [each for each in found if each.is_certain]
        if is_proven and certain:
            raise Veto(
                f"no backup that this role could restore: {certain[0].what}",
                certain[0].remedy,
                code="cannot_rebuild",
            )
        return [] if is_proven else [str(each) for each in found]

    def _archive(self, folder: Path) -> tuple[Shape, Facts]:
        """Dump, count and pack at once; the snapshot is held for the first two only."""
        title = f"packing the backup of {self.subject}"
        with ExitStack() as until_packed:
            with held_snapshot(self.url, self.deadline) as snapshot:
                shape = choose_shape(
                    self.settings, self.source, self.tools, snapshot.tables, folder
                )
                if not shape.is_packed_here:
                    return shape, self._dump(snapshot, shape, folder)
                packer = Packer(folder / shape.name, shape.jobs)
                packing = until_packed.enter_context(Task(title, packer.pack, packer.stop))

                def look(printed: bytes) -> None:
                    packing.check()
                    packer.look(printed)

                facts = self._dump(snapshot, shape, folder, look)
            packer.dumped()
            with ProgressLine(title):
                packing.result(self.deadline)
        return shape, facts

    def _dump(
        self,
        snapshot: MvccSnapshot,
        shape: Shape,
        folder: Path,
        look_too: Callable[[bytes], None] | None = None,
    ) -> Facts:
        archiver = Archiver(self.tools, client_environment(self.url, watched=snapshot.is_watched))
        all_ = sum(table.has_rows for table in snapshot.tables)
        _log.info(
            "dumping %s of %s in %d tables",
            size_text(self.source.size_bytes),
            self.subject,
            all_,
        )
        checked: list[bool] = []
        with (
            snapshot.asking("counting the rows", self._facts(snapshot)) as counting,
            self._line(shape) as line,
        ):

            def look(printed: bytes) -> None:
                counting.check()
                if look_too:
                    look_too(printed)
                if _LOCKED in printed and not checked:
                    checked.append(True)
                    snapshot.require_unchanged(self.deadline)
                tables = f"{min(all_, printed.count(_DUMPED))}/{all_} tables"
                line.show(lambda: total_bytes(folder / shape.name), tables)

            try:
                archiver.dump(
                    self.url, folder, shape, self.deadline, snapshot=snapshot.name, look=look
                )
            except Veto:
                # The snapshot ends with the count, and pg_dump would report that alone.
                counting.check()
                raise
            facts = counting.result(self.deadline)
        snapshot.require_unchanged(self.deadline)
        return facts

    def _line(self, shape: Shape) -> ProgressLine:
        """Return the live line of the dump: bytes of what the last backup lets expect."""
        database_bytes = self.source.size_bytes
        share = 1.0 if shape.is_packed_here else self.expected_share
        return ProgressLine(
            f"dumping {self.subject}",
            total_bytes=None if share is None else int(database_bytes * share),
            is_estimate=True,
        )

    def _facts(self, snapshot: MvccSnapshot) -> Callable[[Session], Facts]:
        def ask(session: Session) -> Facts:
            schema, table = self.subject.schema, self.source.version_table
            contents = count_all(session, snapshot.tables, table, schema)
            outside = outside_of(session, schema) if schema else Outside()
            return Facts(contents, properties_of(session), roles_of(session, schema), outside)

        return ask

    def _read(self, folder: Path, shape: Shape) -> tuple[ArchivedFile, ...]:
        """Return the archive's files; on level `read` the whole archive is decoded."""
        if self.settings.level == READ:
            _log.info("reading the backup of %s back", self.subject)
            with ProgressLine(f"reading the backup of {self.subject} back"):
                return self._verifier.read(folder, shape.name)
        with self._verifier.describing(folder, shape.name) as files:
            return files.result(self.deadline)

    def _restore(self, folder: Path, manifest: Manifest) -> None:
        if self.settings.level == RESTORE:
            _log.info("restoring the backup of %s to prove it", self.subject)
            self._verifier.restore(folder, manifest)

    @property
    def _verifier(self) -> Verifier:
        return verifier_of(self.settings, self.url, self.tools, self.deadline)


def verifier_of(
    settings: CreateSettings, url: DatabaseUrl, tools: Tools, deadline: Deadline
) -> Verifier:
    """Return the verifier of backups of the database of *url*, as *settings* say."""
    elsewhere = settings.scratch_url
    return Verifier(
        tools,
        (elsewhere or url).with_schema(""),
        deadline,
        rebuild_jobs_of(settings),
        bool(elsewhere),
        replace(settings.rebuild_options, around=url.with_schema("")),
    )
