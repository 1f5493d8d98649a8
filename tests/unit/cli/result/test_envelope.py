"""The JSON object of a command that fails has the keys of the one that succeeds."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

from sst.cli.main import main

if TYPE_CHECKING:
    from pathlib import Path


@pytest.mark.parametrize(
    ("words", "key", "value"),
    [
        ("upgrade", "restored", None),
        ("downgrade -1", "restored", None),
        ("history", "revisions", []),
        ("plan", "revisions", []),
        ("revision -m x", "path", None),
        ("runs list", "runs", None),
        ("runs show x", "run", None),
        ("repair", "findings", None),
        ("config show", "config", None),
        ("config check", "config", None),
        ("config explain DEBUG", "config", None),
        ("config diff one two", "config", None),
        ("config schema", "config", None),
    ],
)
def test_failed_command_has_its_own_key(
    words: str,
    key: str,
    value: object,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    code = main([*words.split(), "--nonsense", "--json"], tmp_path)

    printed = json.loads(capsys.readouterr().out)
    assert code == 2
    assert printed["error"]["code"] == "usage"
    assert printed[key] == value
    assert words.startswith(printed["command"])


def test_command_without_a_key_of_its_own_has_none(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    main(["current", "--nonsense", "--json"], tmp_path)

    printed = json.loads(capsys.readouterr().out)
    assert printed.keys().isdisjoint({"restored", "revisions", "path", "config", "data"})
