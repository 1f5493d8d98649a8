"""The form that a manifest must have: it may come from a store that others can write to.

Its checksum finds faults and mistakes; an attacker who can write a manifest can write a checksum.
So no value of it is used before its type is checked, and the form of a name or a keyword as well.
"""

from __future__ import annotations

import re
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, StringConstraints, ValidationError

# The names that pg_dump and age give; no other file is ever read or written.
_FILE = re.compile(r"archive\.dump(\.age)?|archive/[A-Za-z0-9_][A-Za-z0-9_.-]*")
_Count = Annotated[int, Field(ge=0, le=2**63 - 1)]
_Name = Annotated[str, StringConstraints(min_length=1, pattern=r"\A[^\x00]*\z")]
_Number = Annotated[str, StringConstraints(pattern=r"\A-?[0-9]{1,20}\z")]
_Version = Annotated[str, StringConstraints(pattern=r"\A\d{1,4}")]


class _File(BaseModel):
    model_config = ConfigDict(strict=True, extra="forbid")

    name: str
    size_bytes: _Count
    sha256: str


class _Form(BaseModel):
    model_config = ConfigDict(strict=True)  # a key that is not listed is of a later version

    id: _Name
    run_id: str | None
    environment: str
    database: _Name
    heads: list[str]
    format: Literal["custom", "directory"]
    compression: str
    server_version: _Version
    tool_version: _Version
    created_at: str
    duration_ms: _Count
    database_bytes: _Count
    files: list[_File]
    tables: dict[str, _Count]
    large_objects: _Count
    properties: dict[str, Any]
    roles: list[_Name]
    verified: Literal["none", "read", "restore"]
    encryption: Literal["age"] | None
    version_table: str | None
    snapshot: str | None
    system_identifier: _Number | None = None
    cluster: str | None = None
    schema_: Annotated[_Name | None, Field(alias="schema")] = None


def require_form(values: dict[str, Any]) -> None:
    """Raise `ValueError`, in one line, when *values* are not those of a manifest."""
    try:
        _Form.model_validate(values)
    except ValidationError as error:
        first = error.errors(include_url=False, include_input=False)[0]
        raise ValueError(f"{first['loc'][0]}: {first['msg']}") from None
    for file in values["files"]:
        _require_inside(file["name"])


def _require_inside(name: str) -> None:
    if not _FILE.fullmatch(name):
        raise ValueError(f"a file outside the backup: {name!r}")
