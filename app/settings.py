"""The application's own settings: a field here is a setting below `[default.app]`.

Read them anywhere: `from app.settings import settings`, then `settings.app.page_size`; the core's
settings are beside them, `settings.debug`.
"""

from __future__ import annotations

from pydantic import BaseModel, Field

from sst.settings import project_settings


class AppSettings(BaseModel):
    """Filled from `[default.app]`, `APP__...` and every other source."""

    page_size: int = Field(
        50, ge=1, le=100, description="Rows on a page of a list when the request does not say."
    )


settings = project_settings(AppSettings)
