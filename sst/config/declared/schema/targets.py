"""The databases that one call can work on: where they are listed, and what is said of each."""

from __future__ import annotations

import re
from typing import Annotated, Any

from pydantic import AfterValidator, Field

from sst.config.declared.schema.base import PATH_MARK, URL_MARK, Frozen, OptionalSecret
from sst.redaction.redact import mask_credentials

_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,62}")
_MOST_SHOWN = 80


def _checked(name: str) -> str:
    if _NAME.fullmatch(name):
        return name
    # Where two columns are mixed up, it is a URL.
    shown = mask_credentials(name)[:_MOST_SHOWN]
    raise ValueError(
        f"{shown!r} is no name of a target: letters, digits, `.`, `_` and `-`, 63 at most, "
        "a letter or digit first"
    )


Name = Annotated[str, AfterValidator(_checked)]
"""It stands in file names and in words of the command line."""


class TargetEntry(Frozen):
    """One database of many; what it does not say is as for the database of the settings."""

    name: Name = Field(description="How it is called, on the command line and in reports.")
    url: OptionalSecret = Field(
        None,
        description="Its URL; else that of MIGRATION_DATABASE_URL.",
        json_schema_extra=URL_MARK,
    )
    url_env: str | None = Field(None, description="The variable that holds its URL.")
    url_file: str | None = Field(None, description="The file that holds its URL.")
    password_env: str | None = Field(None, description="The variable that holds its password.")
    password_file: str | None = Field(None, description="The file that holds its password.")
    database: str | None = Field(None, description="Its name on that server, if it is another.")
    schema_name: str | None = Field(
        None,
        alias="schema",
        description="The one schema in that database that is this target, a tenant.",
    )
    labels: dict[str, str] = Field(
        default_factory=dict, description="Words by which --label chooses it."
    )
    settings: dict[str, Any] = Field(
        default_factory=dict, description="Settings of its own, by their keys."
    )


class TargetsSettings(Frozen):
    """Where the databases are listed; all places together are the targets."""

    list: tuple[TargetEntry, ...] = Field((), description="Databases, one table for each.")
    file: str | None = Field(
        None,
        description="A TOML file with a table for each database, or a CSV file with a row.",
        json_schema_extra=PATH_MARK,
    )
    query: str | None = Field(
        None, description="A query that gives a row for each: `select name, url from customer`."
    )
    catalog_url: OptionalSecret = Field(
        None,
        description="The database that `query` asks; unset: that of MIGRATION_DATABASE_URL.",
        json_schema_extra=URL_MARK,
    )
    databases: tuple[str, ...] = Field(
        (), description="Databases on the server of MIGRATION_DATABASE_URL, as shell patterns."
    )
    schemas: tuple[str, ...] = Field(
        (),
        description="Schemas of MIGRATION_DATABASE_URL's database, as shell patterns; each is a "
        "target.",
    )
    settings: dict[str, Any] = Field(
        default_factory=dict,
        description="Settings of every target, by their keys; `{name}` in a text is its name.",
    )
    watch_every: float = Field(
        0.0,
        ge=0,
        description="Seconds in which the application looks once at each of them, for `/state` "
        "and `/metrics`; 0 is never.",
    )
    watch_at_once: int = Field(2, ge=1, le=32, description="Looks of that watch at the same time.")

    @property
    def has_places(self) -> bool:
        """Whether targets are listed anywhere."""
        return bool(self.list or self.file or self.query or self.databases or self.schemas)
