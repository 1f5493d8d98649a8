"""The web application: health endpoints, version, docs and the routes of plugins."""

from __future__ import annotations

from sst.web.application import create_app

__all__ = ["create_app"]
