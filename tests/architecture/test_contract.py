"""docs/operators/contract.md says what the code does."""

from __future__ import annotations

import re
from pathlib import Path

from sst import errors
from sst.cli.call.invocation import Invocation
from sst.cli.call.options import common_options
from sst.cli.result.envelope import envelope
from sst.migrator.values.report import Report

ROOT = Path(__file__).parent.parent.parent
PAGE = (ROOT / "docs" / "operators" / "contract.md").read_text(encoding="utf-8")


def all_errors(base: type[errors.SstError]) -> set[type[errors.SstError]]:
    """Return *base* and every class below it."""
    return {base}.union(*(all_errors(each) for each in base.__subclasses__()))


def test_every_error_code_is_documented_with_its_exit_code() -> None:
    table = PAGE.partition("## Error codes")[2]
    documented = dict(re.findall(r"^\| `(\w+)` \| ([\d, ]+) \|", table, re.MULTILINE))

    expected = {error.code: str(error.exit_code) for error in all_errors(errors.SstError)}
    expected |= {"bug": "1", "interrupted": "130, 143"}
    assert documented == expected


def test_every_code_of_a_built_in_plugins_veto_is_documented() -> None:
    texts = [path.read_text(encoding="utf-8") for path in (ROOT / "plugins").rglob("*.py")]

    used = {code for text in texts for code in re.findall(r'code="(\w+)"', text)}
    assert not [code for code in sorted(used) if f"| `{code}` |" not in PAGE]


def test_every_key_of_the_envelope_is_documented() -> None:
    keys = envelope(Report(), Invocation(ROOT))

    missing = [key for key in keys if f"`{key}`" not in PAGE]
    assert not missing


def test_error_tree_at_the_top_of_the_module_names_every_class() -> None:
    tree = errors.__doc__ or ""

    missing = [
        error.__name__ for error in all_errors(errors.SstError) if error.__name__ not in tree
    ]
    assert not missing


def test_common_options_of_a_plugins_command_are_documented() -> None:
    section = PAGE.partition("### Commands of plugins")[2].partition("\n## ")[0]

    missing = [word for each in common_options() for word in each.opts if word not in section]
    assert not missing
    assert "`data`" in section
