"""The two decorators of the plugin contract; the project name `sst` is permanent."""

from __future__ import annotations

import pluggy

PROJECT_NAME = "sst"

hookspec = pluggy.HookspecMarker(PROJECT_NAME)
hookimpl = pluggy.HookimplMarker(PROJECT_NAME)
