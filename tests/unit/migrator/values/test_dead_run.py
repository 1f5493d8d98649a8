"""The advice on a run that was broken off is a command that can be typed."""

from __future__ import annotations

import pytest

from sst.migrator.values.dead_run import command_again


@pytest.mark.parametrize(
    ("command", "target", "typed"),
    [
        ("restore", "20261126T120000Z-shop-1a2b3c", "restore 20261126T120000Z-shop-1a2b3c"),
        ("backup create", "", "backup create"),
        ("repair", "2 findings", "repair"),
    ],
)
def test_command_is_what_was_typed(command: str, target: str, typed: str) -> None:
    """The record of `repair` counts what it found, which is no word of its command line."""
    assert command_again(command, target) == f"python migrate.py {typed}"
