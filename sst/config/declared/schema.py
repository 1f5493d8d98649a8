"""The core's settings: name, type, range, default and meaning of each, written once."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Literal

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, SecretStr

from sst.redaction.never_pickled import NeverPickled

if TYPE_CHECKING:
    from pydantic.config import JsonDict

URL_MARK: JsonDict = {"url": True}
"""On a secret that is a URL: it may be shown without its password."""
PATH_MARK: JsonDict = {"path": True}
"""On a text that is a path: where --set gives a relative one, it starts at the working folder."""
DECLARED_MARK: JsonDict = {"declared": True}
"""On what only the section of an environment in settings.toml may say."""


def _none_when_empty(value: object) -> object:
    return None if value == "" else value


def _upper(value: object) -> object:
    return value.strip().upper() if isinstance(value, str) else value


def _lower(value: object) -> object:
    return value.strip().lower() if isinstance(value, str) else value


OptionalSecret = Annotated[SecretStr | None, BeforeValidator(_none_when_empty)]
LogLevel = Annotated[
    Literal["DEBUG", "INFO", "WARNING", "ERROR", "CRITICAL"], BeforeValidator(_upper)
]
Exposure = Annotated[Literal["token", "open", "off"], BeforeValidator(_lower)]
LogFormat = Annotated[Literal["text", "json"], BeforeValidator(_lower)]

_Pause = Annotated[float, Field(gt=0)]


class Frozen(NeverPickled, BaseModel):
    """Refuses unknown keys, changes, and to be pickled."""

    model_config = ConfigDict(
        frozen=True, extra="forbid", hide_input_in_errors=True, allow_inf_nan=False
    )


class MigrateSettings(Frozen):
    """How migrations run."""

    script_location: str = Field(
        "alembic",
        description="Folder of env.py and the revisions.",
        json_schema_extra=PATH_MARK,
    )
    alembic_config: str | None = Field(
        None,
        description="An alembic.ini or pyproject.toml to use instead of script_location; "
        "unset: the one in the project's folder, if there is one.",
        json_schema_extra=PATH_MARK,
    )
    alembic_section: str = Field(
        "alembic",
        description="The section of alembic_config; in a pyproject.toml it is tool.alembic.",
    )
    lock_wait: float = Field(
        60.0, ge=0, description="Seconds to wait for another migration to finish."
    )
    lock_timeout: float = Field(
        2.0, gt=0, description="Seconds that a statement may wait for a table's lock."
    )
    lock_retry_pauses: tuple[_Pause, ...] = Field(
        (0.5, 0.5, 1.0, 5.0, 5.0, 15.0, 30.0),
        description="Seconds before each next attempt of a revision that did not get its locks; "
        "the last one repeats, an empty list is one attempt.",
    )
    lock_retry_seconds: float = Field(
        300.0, ge=0, description="Seconds after which no further attempt of a revision begins."
    )
    terminate_applications: tuple[str, ...] = Field(
        (),
        description="Applications whose sessions --terminate-blockers may end, "
        "when they idle in a transaction.",
    )
    statement_timeout: float = Field(
        0.0, ge=0, description="Seconds that one statement may take; 0 is no limit."
    )
    rehearse: Literal["anywhere", "elsewhere", "off"] = Field(
        "anywhere",
        description="Where `plan` runs what is pending on an empty copy. Where rehearsal_url "
        "is unset, `anywhere` is the database's server, `elsewhere` an embedded one.",
    )
    rehearsal_url: OptionalSecret = Field(
        None,
        description="A database of another server of the same major version; the scratch "
        "databases of `plan` are made on that server.",
        json_schema_extra=URL_MARK,
    )
    rehearsal_timeout: float = Field(
        60.0, gt=0, description="Seconds after which a rehearsal is given up."
    )
    probe_url: OptionalSecret = Field(
        None,
        description="A replica that `plan` asks for rows in the way, instead of the database.",
        json_schema_extra=URL_MARK,
    )
    probe_timeout: float = Field(
        5.0, gt=0, description="Seconds after which a question to the rows is given up."
    )
    probe_limit_mb: int = Field(
        1024, ge=0, description="Megabytes of tables that are asked without `plan --probe all`."
    )
    lint: Literal["warn", "refuse", "off"] | None = Field(
        None,
        description="What a run does with errors of rules and rows in its way: `warn`, `refuse`, "
        "or `off`, which asks nobody; unset it is `off` where protected, else `warn`.",
    )
    on_failure: Literal["stop", "restore"] = Field(
        "stop",
        description="The end of a failed run: `stop` names the backup, `restore` restores it; "
        "rows that the application wrote since the backup are then lost.",
    )
    ignore_tables: tuple[str, ...] = Field(
        (),
        description="Tables that are never compared with the models, as shell patterns: "
        "`celery_*`, or with a schema `audit.*`.",
    )
    server_silence: float = Field(
        30.0, ge=0, description="Seconds without a sign of life that end a run; 0 is no limit."
    )


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
