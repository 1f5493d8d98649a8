"""The manifest of a backup: the JSON file in its folder, sealed with a checksum of its own."""

from __future__ import annotations

import hashlib
import json
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, NoReturn, Self

from sst.hooks import Backup, Veto

from ..postgres.client_programs import major_of
from .form import require_form
from .outside import Outside
from .subject import Subject

if TYPE_CHECKING:
    from collections.abc import Mapping

MANIFEST_NAME = "manifest.json"
NAME_PROPERTIES = "of_the_name"
"""Key in the properties: the database's own owner, grants, settings and comment, in no dump."""
OBSTACLES = "obstacles"
"""Key in the properties: obstacles to a restore by the role that made it, a line each."""
OUTSIDE = "outside"
"""Key in the properties: what one schema needs of the rest of its database."""
SCHEMA_VERSION = 1
ONE_SCHEMA_VERSION = 2
"""Of a backup of one schema: a version that knows none takes it for no backup of the database."""
LARGEST_MANIFEST = 64 * 2**20
"""In bytes; a hundred thousand tables need a fifth of it."""
# Ours has four levels; a far deeper one would overflow the stack of its reader.
_DEEPEST = 20
_PROVEN = {"none": "no", "read": "read", "restore": "restored"}


@dataclass(frozen=True, slots=True)
class ArchivedFile:
    """One file of a backup; *name* is relative to the backup's folder, with `/`."""

    name: str
    size_bytes: int
    sha256: str


@dataclass(frozen=True, slots=True)
class Manifest:
    """One backup's description; add-only, for later versions must read it."""

    id: str
    run_id: str | None
    """The run that it was made for; None when an operator asked for it."""
    environment: str
    database: str
    """The database's name."""
    heads: tuple[str, ...]
    """The revisions that the dump holds, read in its own snapshot."""
    format: str
    """`custom`: one file, `archive.dump`; `directory`: the folder `archive`."""
    compression: str
    """The value of pg_dump's `--compress`."""
    server_version: str
    tool_version: str
    """Of the pg_dump that wrote it; restore with this major version or a newer one."""
    created_at: str
    duration_ms: int
    """From the first lock to the end of the check."""
    database_bytes: int
    files: tuple[ArchivedFile, ...]
    tables: Mapping[str, int]
    """Rows by quoted, qualified name, counted in the dump's own snapshot."""
    large_objects: int
    properties: Mapping[str, Any]
    """The parts of CREATE DATABASE for another server: encoding, collation and so on."""
    roles: tuple[str, ...]
    """The roles that own something in the database or have a grant in it."""
    verified: str
    """`none`, `read`: the whole archive was read back, or `restore`: it was restored."""
    encryption: str | None = None
    version_table: str | None = None
    """The table of the heads, with its schema."""
    snapshot: str | None = None
    """The database that is a file-level copy, made at the same time."""
    system_identifier: str | None = None
    """Of the server that it was made on; None in old backups, or when the role may not read it."""
    cluster: str | None = None
    """The name of that server."""
    schema: str | None = None
    """The one schema that it is of; None for the whole database."""
    schema_version: int = SCHEMA_VERSION
    unknown: Mapping[str, Any] = field(default_factory=dict)
    """Keys of a later version: kept, so that the checksum stays the same."""

    @property
    def subject(self) -> Subject:
        """What it is a backup of."""
        return Subject(self.database, self.schema or "")

    @property
    def outside(self) -> Outside:
        """What the one schema that it is of needs of its database; nothing for a database."""
        return Outside.in_manifest(self.properties.get(OUTSIDE))

    @property
    def size_bytes(self) -> int:
        """The size of all its files."""
        return sum(file.size_bytes for file in self.files)

    @property
    def tool_major(self) -> int:
        """The major version of the pg_dump that wrote it, which may be a beta: `19beta1`."""
        return major_of(self.tool_version)

    @property
    def made_at(self) -> datetime:
        """The moment at which it was made; raises `Veto` when *created_at* is none."""
        try:
            return datetime.fromisoformat(self.created_at).astimezone(UTC)
        except (ValueError, OverflowError):
            raise damaged("its manifest does not say when it was made") from None

    @property
    def obstacles(self) -> tuple[str, ...]:
        """The obstacles to a restore by the role that made it; none when unknown."""
        found = self.properties.get(OBSTACLES)
        return tuple(map(str, found)) if isinstance(found, list) else ()

    @property
    def checksum(self) -> str:
        """The SHA-256 of everything else in the manifest, and so of every file."""
        return _checksum(self._values())

    def to_json(self) -> str:
        """Return the manifest as a JSON text that ends with a newline."""
        values = self._values()
        return json.dumps({**values, "checksum": _checksum(values)}, indent=2) + "\n"

    @classmethod
    def from_json(cls, text: str | bytes) -> Self:
        """Return the manifest that *text* is.

        Raises `Veto` (code `backup_damaged`) when it is none, or was changed after it was written.
        """
        values = _parsed(text)
        written = values.pop("checksum", None)
        if written != _checksum(values):
            raise damaged("its manifest is not what was written: the checksum does not fit")
        try:
            return cls(**_typed(values))
        except (TypeError, ValueError, KeyError) as error:
            raise damaged(f"its manifest cannot be understood ({error})") from error

    def to_backup(self, uri: str) -> Backup:
        """Return the value that the core records, prints and notifies; its folder is *uri*."""
        return Backup(
            id=self.id,
            uri=uri,
            size_bytes=self.size_bytes,
            sha256=self.checksum,
            verified=self.verified != "none",
            restore_command=f"restore {self.id}",
            proven=_PROVEN[self.verified],
            warnings=self.obstacles,
        )

    def _values(self) -> dict[str, Any]:
        # `asdict` would copy ten thousand tables one by one.
        own = {name: getattr(self, name) for name in _FIELDS}
        # The checksum of an older version does not cover keys that it did not write.
        own = {name: value for name, value in own.items() if name not in _ADDED or value}
        own["files"] = [asdict(file) for file in self.files]
        own["tables"], own["properties"] = dict(self.tables), dict(self.properties)
        return {**own, "heads": list(self.heads), "roles": list(self.roles), **self.unknown}


_ADDED = ("system_identifier", "cluster", "schema")
_FIELDS = tuple(name for name in Manifest.__dataclass_fields__ if name != "unknown")


def damaged(reason: str) -> Veto:
    """Return the refusal of a backup that is not what was written."""
    return Veto(
        f"the backup is damaged: {reason}",
        "take another one: python migrate.py backup list",
        code="backup_damaged",
    )


def _parsed(text: str | bytes) -> dict[str, Any]:
    if len(text) > LARGEST_MANIFEST:
        raise damaged(f"its manifest is larger than {LARGEST_MANIFEST} bytes")
    try:
        values = json.loads(text, parse_constant=_no_number)
        _require_shallow(values, _DEEPEST)
        # JSON can spell half a character, which cannot be printed.
        json.dumps(values, ensure_ascii=False).encode()
    except (ValueError, RecursionError) as error:
        raise damaged("its manifest is no JSON") from error
    if not isinstance(values, dict):
        raise damaged("its manifest is no JSON object")
    return values


def _no_number(text: str) -> NoReturn:
    raise ValueError(f"{text} is no JSON")


def _require_shallow(value: object, room: int) -> None:
    if room == 0:
        raise ValueError("nested too deep")
    if isinstance(value, dict):
        value = [*value.values()]
    if isinstance(value, list):
        for each in value:
            _require_shallow(each, room - 1)


def _typed(values: dict[str, Any]) -> dict[str, Any]:
    known_version = ONE_SCHEMA_VERSION if values.get("schema") else SCHEMA_VERSION
    if values["schema_version"] != known_version:
        raise ValueError(f"version {values['schema_version']}, known is {known_version}")
    require_form(values)
    known = {name: value for name, value in values.items() if name in _FIELDS}
    files = tuple(ArchivedFile(**file) for file in known["files"])
    for name in ("heads", "roles"):
        known[name] = tuple(known[name])
    unknown = {name: value for name, value in values.items() if name not in _FIELDS}
    return {**known, "files": files, "unknown": unknown}


def _checksum(values: Mapping[str, Any]) -> str:
    canonical = json.dumps(values, sort_keys=True, separators=(",", ":"))
    return hashlib.sha256(canonical.encode()).hexdigest()
