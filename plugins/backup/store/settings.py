"""The settings of storage: the stores, the keys that open backups, and retention."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any, Self

from pydantic import (
    AfterValidator,
    BaseModel,
    ConfigDict,
    Field,
    SecretStr,
    field_validator,
    model_validator,
)


def _folder(path: Path) -> Path:
    """Spell `~` out, as a shell would: a folder of that name is a mistake."""
    if not path.parts:
        raise ValueError('names no folder; "." is the one of the project')
    return path.expanduser()


Folder = Annotated[Path, AfterValidator(_folder)]


class StorageSettings(BaseModel):
    """The stores of backups, and how long backups stay there."""

    model_config = ConfigDict(
        frozen=True, extra="forbid", allow_inf_nan=False, hide_input_in_errors=True
    )

    directory: Folder = Field(
        Path("backups"),
        description="Folder of the backups; a relative one starts at the project's root.",
    )
    upload_to: str | None = Field(
        None,
        repr=False,
        description="URL of a second store, as fsspec has it: s3://bucket/prefix; unset: none.",
    )
    upload_options: dict[str, Any] = Field(
        default_factory=dict,
        repr=False,
        json_schema_extra={"secret": True},
        description="Options of the driver of upload_to: keys, passwords, endpoint_url.",
    )
    transfer_timeout_seconds: float = Field(
        3600.0,
        gt=0,
        description="Seconds after which an upload with its check, or a download, is given up.",
    )
    keep_local: bool = Field(
        True,  # noqa: FBT003 - pydantic's default
        description="Keep the copy in directory when the backup was uploaded.",
    )
    recipients: tuple[str, ...] = Field(
        (),
        description="age public keys (age1...) that backups are encrypted for; empty: not at all.",
    )
    identity: SecretStr | None = Field(
        None,
        description="age private key that opens encrypted backups, as text; for one in a file set"
        " PLUGINS__BACKUP__IDENTITY_FILE. Only `restore` and `verify` need it.",
    )
    keep_last: int | None = Field(
        None, ge=1, description="Keep this many of the newest backups; see retention."
    )
    keep_days: int | None = Field(
        None, ge=1, le=36_500, description="Keep backups younger than this many days."
    )
    keep_monthly: int | None = Field(
        None, ge=1, description="Keep the newest backup of each of this many months."
    )

    @field_validator("upload_to")
    @classmethod
    def _usable(cls, url: str | None) -> str | None:
        if url:
            from .drivers.known import require_driver

            require_driver(url)
        return url or None

    @field_validator("recipients")
    @classmethod
    def _readable(cls, recipients: tuple[str, ...]) -> tuple[str, ...]:
        if recipients:
            from .encryption import parse_recipients

            parse_recipients(recipients)
        return recipients

    @field_validator("identity")
    @classmethod
    def _opens(cls, identity: SecretStr | None) -> SecretStr | None:
        if identity is not None:
            from .encryption import parse_identities

            parse_identities(identity.get_secret_value())
        return identity

    @model_validator(mode="after")
    def _somewhere(self) -> Self:
        if not self.keep_local and not self.upload_to:
            raise ValueError("keep_local = false needs upload_to: the backup would be nowhere")
        return self
