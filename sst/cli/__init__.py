"""The command line: one file per command, each parses, calls one function, returns its report."""

from __future__ import annotations

from sst.cli.exit import leave
from sst.cli.main import main

__all__ = ["leave", "main"]
