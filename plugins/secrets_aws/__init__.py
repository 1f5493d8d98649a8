"""Values for settings from AWS Secrets Manager and the SSM Parameter Store.

- `faults.py`: errors of AWS in our own words
- `references.py`: a setting, and the secret or parameter that holds its value
- `stores.py`: the two stores, asked through boto3

Only what the settings name is asked for, and of that only what no stronger source has decided.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Self

from pydantic import BaseModel, ConfigDict, Field, model_validator

from sst.hooks import ConfigError, NoAnswerError, hookimpl, within

from .references import Reference, UnreadableError, asked, setting_name

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence


class Config(BaseModel):
    """Which setting comes from where, and how AWS is reached."""

    model_config = ConfigDict(
        frozen=True, extra="forbid", hide_input_in_errors=True, allow_inf_nan=False
    )

    secrets: dict[str, str] = Field(
        {},
        description="Secrets Manager: by setting, the name or ARN of a secret; `#key` at its end "
        "takes one key of a JSON object.",
        json_schema_extra={"secret": False},
    )
    parameters: dict[str, str] = Field(
        {},
        description="Parameter Store: by setting, the name or ARN of a parameter, `#key` "
        "likewise; a SecureString is decrypted.",
    )
    region: str | None = Field(None, description="Else AWS_REGION, or what the profile says.")
    endpoint_url: str | None = Field(
        None, description="Another address of both services, such as that of a VPC endpoint."
    )
    timeout_seconds: float = Field(
        10.0, gt=0, le=120, description="For everything together, after which the command ends."
    )

    @model_validator(mode="after")
    def _one_source_for_a_setting(self) -> Self:
        tables = (self.secrets, self.parameters)
        names = [setting_name(written) for table in tables for written in table]
        twice = next((name for name in names if names.count(name) > 1), None)
        if twice:
            raise ValueError(f"{twice} is named twice in secrets and parameters")
        return self


class Plugin:
    """Read the named secrets and parameters when settings load."""

    def __init__(self, config: Config) -> None:
        self._config = config

    @hookimpl
    def config_values(self, wanted: Sequence[str]) -> dict[str, str]:
        """Return the values of those of the *wanted* settings that the settings name.

        Raises `ConfigError` that names each setting and its secret, never a value.
        """
        references = asked(tuple(self._references()), wanted)
        if not references:
            return {}
        from .stores import Access, read

        config = self._config
        access = Access(config.region, config.endpoint_url, config.timeout_seconds)
        # Its own timeouts bound a try of one request; looking up names and finding credentials
        # (the metadata of a machine, a login that has ended) have others, or none.
        seconds = config.timeout_seconds
        try:
            return within(seconds, lambda: read(references, access), name="secrets-aws")
        except NoAnswerError:
            late = UnreadableError(f"was not read: no answer from AWS within {seconds:g} s")
        raise ConfigError([references[0].problem(late, len(references) - 1)])

    def _references(self) -> Iterator[Reference]:
        for is_parameter, table in (
            (False, self._config.secrets),
            (True, self._config.parameters),
        ):
            for setting, target in table.items():
                yield Reference.of(setting, target, is_parameter=is_parameter)
