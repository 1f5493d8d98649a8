"""docs/errores.md, for operators who read Spanish, has every code and invents none."""

from __future__ import annotations

import ast
import re
from pathlib import Path
from typing import TYPE_CHECKING

import sst.dependencies
import sst.hooks.contract.run  # noqa: F401 - both bring a class of their own
from sst.db.advice import ADVICE, IN_A_REVISION
from sst.errors import SstError
from sst.migrator.check.core_checks import REMEDIES
from tests.architecture.test_contract import all_errors

if TYPE_CHECKING:
    from collections.abc import Iterator

ROOT = Path(__file__).parent.parent.parent
PAGE = (ROOT / "docs" / "errores.md").read_text(encoding="utf-8")
# Where a code is no keyword: which argument of which function it is.
POSITIONS = {
    "CheckResult": 2,
    "Damage": 0,
    "Finding": 0,
    "RunFailure": 0,
    "problem": 2,
    "warning": 0,
}
# `/readyz` answers with the database's own state.
STATES = {"pending", "empty", "diverged", "ahead", "interrupted"}
CODE = re.compile(r"[a-z]+(?:_[a-z]+)*")


def first_cells() -> set[str]:
    """Return the first cell of every row of every table, without its backticks."""
    return set(re.findall(r"^\| `?([\w:]+)`? \|", PAGE, re.MULTILINE))


def codes_in(tree: ast.AST) -> Iterator[str]:
    """Yield each text that a call, a class or an assignment of *tree* gives as a code."""
    for node in ast.walk(tree):
        for each in given_as_code(node):
            if isinstance(each, ast.Constant) and isinstance(each.value, str):
                yield each.value


def given_as_code(node: ast.AST) -> Iterator[ast.expr]:
    """Yield the expressions that stand where a code stands."""
    if isinstance(node, ast.Call | ast.ClassDef):
        yield from (each.value for each in node.keywords if each.arg == "code")
    if isinstance(node, ast.Call):
        name = ast.unparse(node.func).rpartition(".")[2]
        position = POSITIONS.get(name, len(node.args))
        yield from node.args[position : position + 1]
    if isinstance(node, ast.Assign) and ast.unparse(node.targets[0]).endswith(".code"):
        yield node.value


def codes_of_the_source() -> set[str]:
    """Return the codes that the core and the built-in plugins name in their text."""
    kit = ROOT / "sst" / "testing"
    files = [*(ROOT / "sst").rglob("*.py"), *(ROOT / "plugins").rglob("*.py")]
    texts = [path.read_bytes() for path in files if not path.is_relative_to(kit)]
    found = {code for text in texts for code in codes_in(ast.parse(text))}
    return {code for code in found if CODE.fullmatch(code)}


def test_every_code_is_on_the_page_and_no_other() -> None:
    classes = {error.code for error in all_errors(SstError)}
    documented = {cell for cell in first_cells() if CODE.fullmatch(cell)}

    expected = classes | codes_of_the_source() | set(REMEDIES) | STATES

    assert documented - {"primera"} == expected


def test_every_exit_code_is_on_the_page_and_no_other() -> None:
    documented = {int(cell) for cell in first_cells() if re.fullmatch(r"\d{1,3}", cell)}

    # The sections of SQLSTATE have two digits too.
    classes = {int(state) for state in (*ADVICE, *IN_A_REVISION) if re.fullmatch(r"\d\d", state)}
    exits = {error.exit_code for error in all_errors(SstError)} | {0, 130, 143}
    assert documented == exits | classes


def test_every_sqlstate_with_an_advice_is_on_the_page_and_no_other() -> None:
    table = PAGE.partition("## SQLSTATE")[2]

    documented = set(re.findall(r"^\| `(\w+)` \|", table, re.MULTILINE))

    assert documented == {*ADVICE, *IN_A_REVISION}


def test_code_in_each_spelling_is_found() -> None:
    text = """
class A(B, code="one"): ...
raise Veto("no", code="two")
CheckResult(FAIL, "text", "three")
found.code = "four"
doctor.warning("five", "subject")
"""

    assert set(codes_in(ast.parse(text))) == {"one", "two", "three", "four", "five"}
