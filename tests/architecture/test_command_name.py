"""Every text names a command of ours by one name, which is replaced where it is shown."""

from __future__ import annotations

import ast
import re
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from sst.cli.main import COMMANDS
from sst.command_line import PROGRAM

if TYPE_CHECKING:
    from collections.abc import Iterator

ROOT = Path(__file__).resolve().parents[2]
FILES = [
    file
    for wing in ("sst", "app", "plugins", "examples")
    for file in (ROOT / wing).rglob("*.py")
    if "tests" not in file.parts
]
WORDS = "|".join([*COMMANDS, "backup", "restore", "incidents"])
OTHERWISE = re.compile(rf"(?<!\bpython )migrate\.py (?:{WORDS})\b")


def misnamed(source: str) -> Iterator[tuple[int, str]]:
    """Yield line and text of each text of *source*, docstrings apart, with another name."""
    nodes = list(ast.walk(ast.parse(source)))
    prose = {id(node.value) for node in nodes if isinstance(node, ast.Expr)}
    for node in nodes:
        if isinstance(node, ast.Constant) and id(node) not in prose:
            text = node.value
            if isinstance(text, str) and OTHERWISE.search(text):
                yield node.lineno, text


def test_every_text_has_the_one_name() -> None:
    found = {
        f"{file.relative_to(ROOT)}:{line}": text
        for file in FILES
        for line, text in misnamed(file.read_text(encoding="utf-8"))
    }

    assert found == {}


@pytest.mark.parametrize("text", ["migrate.py backup list", "./migrate.py check"])
def test_another_name_is_found(text: str) -> None:
    source = f'"""Says {text}."""\nhint = "run {text}"\n'

    assert list(misnamed(source)) == [(2, f"run {text}")]


def test_the_one_name_is_not_found() -> None:
    assert list(misnamed(f'hint = "run `{PROGRAM} upgrade`"')) == []
