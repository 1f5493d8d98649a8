"""What the start says of DATABASE_URL."""

from __future__ import annotations

from types import SimpleNamespace
from typing import TYPE_CHECKING, Any, cast

import pytest
from pydantic import SecretStr

from sst.web.database_url import log_unusable_url

if TYPE_CHECKING:
    from sst.runtime import Runtime


class ResolvingRuntime:
    """A runtime with a plugin that makes a URL of any text; counts how often it was asked."""

    def __init__(self, text: str) -> None:
        self.settings = SimpleNamespace(database_url=SecretStr(text))
        entry: Any = SimpleNamespace(hooks=("resolve_database_url",))
        self.plugins = SimpleNamespace(entries=(entry,))
        self.asked = 0

    @property
    def database_url(self) -> str:
        """Return what the plugin says."""
        self.asked += 1
        return "postgresql:///made"


@pytest.mark.parametrize(
    ("text", "asked"), [("embedded", 0), ("postgresql:///readable", 0), ("a-plugins-word", 1)]
)
def test_start_asks_a_plugin_for_a_word_alone_and_starts_no_server(
    caplog: pytest.LogCaptureFixture, text: str, asked: int
) -> None:
    runtime = ResolvingRuntime(text)

    log_unusable_url(cast("Runtime", runtime))

    assert runtime.asked == asked
    assert not caplog.records
