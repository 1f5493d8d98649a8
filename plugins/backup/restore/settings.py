"""How a backup comes back: the settings of restores."""

from __future__ import annotations

from typing import Literal

from pydantic import BaseModel, Field

from ..archive.rebuild import RebuildOptions


class RebuildSettings(BaseModel):
    """How restores and proofs get past what pg_restore alone would stop at."""

    rebuild_search_path: str = Field(
        "",
        description="Where functions that name others without a schema look while a backup is"
        ' rebuilt, such as "public"; empty: nowhere.',
    )
    rebuild_template: str = Field(
        "template0",
        min_length=1,
        description="The database that a rebuilt one is a copy of; extensions that are in it need"
        " not be created.",
    )

    @property
    def rebuild_options(self) -> RebuildOptions:
        """What a rebuild is told when nobody says otherwise."""
        return RebuildOptions(search_path=self.rebuild_search_path, template=self.rebuild_template)


class RestoreSettings(RebuildSettings):
    """How restores work, and what they keep."""

    snapshot: Literal["off", "template"] = Field(
        "off",
        description="template: a run keeps a file-level copy on the server as well, when nobody"
        " else is on the database; `restore` is then a swap of names.",
    )
    swap_timeout_seconds: float = Field(
        10.0,
        gt=0,
        description="Sessions have this long to end when a restore swaps the names.",
    )
    keep_replaced_days: int = Field(
        7,
        ge=0,
        le=36_500,
        description="`backup prune` drops databases that a restore replaced longer ago than this.",
    )
