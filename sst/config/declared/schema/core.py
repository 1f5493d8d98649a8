"""The core's settings: name, type, range, default and meaning of each, written once."""

from __future__ import annotations

from pydantic import Field

from sst.config.declared.schema.base import (
    DECLARED_MARK,
    URL_MARK,
    Exposure,
    Frozen,
    LogFormat,
    LogLevel,
    OptionalSecret,
)
from sst.config.declared.schema.migrate import MigrateSettings


class PluginsSettings(Frozen):
    """Which plugins take part."""

    enabled: tuple[str, ...] = Field(
        (), description="The allow-list and the order; what is not listed is never imported."
    )


class Settings(Frozen):
    """Everything the core reads; frozen, and its `repr` holds no secret."""

    environment: str = Field("development", exclude=True)
    protected: bool = Field(
        True,  # noqa: FBT003 - pydantic's default
        description="Whether the guards of live data apply; `[development]` ships as false.",
        json_schema_extra=DECLARED_MARK,
    )
    app_settings: str | None = Field(
        None,
        description="The pydantic model of the application's own settings, `module:Class`; "
        "`[default.app]` and `APP__...` fill it.",
    )
    debug: bool = Field(False, description="Details in error pages; refused where protected.")  # noqa: FBT003 - pydantic's default
    sql_echo: bool = Field(False, description="Log every SQL statement; refused where protected.")  # noqa: FBT003 - pydantic's default
    log_level: LogLevel = Field("INFO", description="The least severe message that is logged.")
    log_format: LogFormat = Field("text", description="`text` lines, or `json` lines.")
    database_url: OptionalSecret = Field(
        None,
        description="Where the application's data lives; `embedded` is a PostgreSQL of our own.",
        json_schema_extra=URL_MARK,
    )
    migration_database_url: OptionalSecret = Field(
        None,
        description="A direct, privileged connection for migrations; else DATABASE_URL.",
        json_schema_extra=URL_MARK,
    )
    redis_url: OptionalSecret = Field(
        None, description="The cache, if there is one.", json_schema_extra=URL_MARK
    )
    operations_token: OptionalSecret = Field(
        None, description="Opens the details of the health endpoints; unset keeps them closed."
    )
    metrics: Exposure = Field(
        "token",
        description="Who reads `/metrics`: `token` is whoever has the operations token, `open` "
        "everybody; with `off` there is none.",
    )
    git_commit: str = Field("", description="The commit that this code is; the image sets it.")
    db_pool_size: int = Field(5, ge=1, description="Connections that the application keeps open.")
    db_max_overflow: int = Field(
        10, ge=-1, description="Connections beyond the pool under load; -1 is no limit."
    )
    db_pool_timeout: float = Field(
        30.0, gt=0, description="Seconds to wait for a free connection of the pool."
    )
    db_pool_recycle: int = Field(
        3600, ge=-1, description="Seconds before a connection is replaced; -1 is never."
    )
    db_pool_pre_ping: bool = Field(True, description="Test a connection before it is used.")  # noqa: FBT003 - pydantic's default
    db_connect_timeout: int = Field(5, ge=1, description="Seconds to wait for the server.")
    migrate: MigrateSettings = MigrateSettings()
    plugins: PluginsSettings = PluginsSettings()


DEVELOPMENT = "development"
PRODUCTION = "production"
NOT_FROM_SOURCES = frozenset({"environment"})
"""Fields of `Settings` that no source may give."""
