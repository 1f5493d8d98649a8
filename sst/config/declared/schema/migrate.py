"""The settings of migrations."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from sst.config.declared.schema.base import PATH_MARK, URL_MARK, Frozen, OptionalSecret
from sst.config.declared.schema.targets import TargetsSettings

_Pause = Annotated[float, Field(gt=0)]


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
    targets: TargetsSettings = TargetsSettings()
