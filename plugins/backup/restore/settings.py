"""The settings of restores, and of every other rebuild."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

from pydantic import BaseModel, Field

if TYPE_CHECKING:
    from ..archive.rebuild import RebuildOptions


class RebuildSettings(BaseModel):
    """How restores and proofs get past errors that would stop pg_restore alone."""

    rebuild_search_path: str = Field(
        "",
        description="Schemas in which functions find names without a schema while a backup is"
        ' rebuilt, such as "public"; empty: none.',
    )
    rebuild_template: str = Field(
        "template0",
        min_length=1,
        description="Database that a rebuilt one starts as a copy of; its extensions need not be"
        " created.",
    )

    @property
    def rebuild_options(self) -> RebuildOptions:
        """The options of a rebuild, unless a command changes them."""
        from ..archive.rebuild import RebuildOptions

        return RebuildOptions(search_path=self.rebuild_search_path, template=self.rebuild_template)


class RestoreSettings(RebuildSettings):
    """How restores work, and what they keep."""

    snapshot: Literal["off", "template"] = Field(
        "off",
        description="template: a run also makes a file-level copy on the server, when no other"
        " session is on the database; `restore` is then a swap of names.",
    )
    swap_timeout_seconds: float = Field(
        10.0,
        gt=0,
        description="Seconds that sessions have to end when a restore swaps the names.",
    )
    keep_replaced_days: int = Field(
        7,
        ge=0,
        le=36_500,
        description="Days after which `backup prune` drops a database that a restore replaced.",
    )
