"""The settings of making a backup and proving it."""

from __future__ import annotations

from importlib.util import find_spec
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field, SecretStr, field_validator

from sst.hooks import ConfigError, DatabaseUrl, install_advice

from ..restore.settings import RebuildSettings
from ..store.settings import Folder

AUTO = "auto"
PACKED = "packed"
UNPROVEN = "none, unproven"


class CreateSettings(RebuildSettings, BaseModel):
    """How backups are made, and how far they are proven."""

    model_config = ConfigDict(
        frozen=True, extra="forbid", allow_inf_nan=False, hide_input_in_errors=True
    )

    pg_bin: Folder | None = Field(
        None,
        description="Folder of pg_dump and pg_restore; unset: they are looked up.",
    )
    timeout_seconds: float = Field(
        3600.0,
        gt=0,
        description="Seconds after which dump and verification end, and the run is refused.",
    )
    verify: str = Field(
        "read",
        description='"read" the whole archive back, or "restore" it into a scratch database and'
        ' count; "none, unproven" proves nothing.',
    )
    verify_database_url: SecretStr | None = Field(
        None,
        description="URL of a database of another server, on which scratch databases are made;"
        " unset: on the server of the database itself.",
    )
    format: Literal["auto", "custom", "directory"] = Field(
        "auto",
        description='"custom": one file; "directory": tables in parallel; "auto": the faster one.',
    )
    jobs: int | None = Field(
        None,
        ge=1,
        le=64,
        description="Tables that are dumped or restored at once; unset: one per core, one more for"
        " a restore, at most 4.",
    )
    compression: str = Field(
        AUTO,
        pattern=r"^(auto|packed|none|[0-9]|(gzip|lz4|zstd)(:[a-z0-9=,]+)?)$",
        description="Value of pg_dump's --compress; packed: gzip by the package isal, after"
        " pg_dump; auto: zstd:1 where pg_dump can, else packed where isal is, else gzip 1.",
    )

    @field_validator("verify")
    @classmethod
    def _meant(cls, level: str) -> str:
        if level == "none":
            raise ValueError(f'such a backup is not verified: say "{UNPROVEN}" to accept that')
        if level not in ("read", "restore", UNPROVEN):
            raise ValueError(f'say "read", "restore" or "{UNPROVEN}"')
        return level

    @field_validator("compression")
    @classmethod
    def _is_installed(cls, compression: str) -> str:
        if compression == PACKED and find_spec("isal") is None:
            advice = install_advice("isal", "isal")
            raise ValueError(f"needs the package isal; {advice}")
        return compression

    @field_validator("verify_database_url")
    @classmethod
    def _is_url(cls, url: SecretStr | None) -> SecretStr | None:
        if url is not None:
            try:
                _scratch(url)
            except ConfigError as error:
                [problem] = error.problems
                raise ValueError(f"{problem.what}; {problem.hint}") from None
        return url

    @property
    def level(self) -> str:
        """`none`, `read` or `restore`."""
        return "none" if self.verify == UNPROVEN else self.verify

    @property
    def scratch_url(self) -> DatabaseUrl | None:
        """The server of scratch databases, when it is not that of the database itself."""
        return None if self.verify_database_url is None else _scratch(self.verify_database_url)


def _scratch(url: SecretStr) -> DatabaseUrl:
    return DatabaseUrl(url.get_secret_value(), setting="plugins.backup.verify_database_url")
