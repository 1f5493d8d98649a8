"""A small project of its own in a temporary folder, driven through migrate.py: the kit's."""

from __future__ import annotations

from pathlib import Path

from sst.testing.project.outcome import Outcome
from sst.testing.project.project import Project

__all__ = ["REPOSITORY", "Outcome", "Project"]

REPOSITORY = Path(__file__).parent.parent.parent
