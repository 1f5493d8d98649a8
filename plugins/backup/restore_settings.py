"""How a backup comes back: the settings of restores."""

from __future__ import annotations

from typing import Literal

from pydantic import BaseModel, Field


class RestoreSettings(BaseModel):
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
