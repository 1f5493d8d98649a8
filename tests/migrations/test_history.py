"""Rules that every revision file keeps, the ones to come included."""

from __future__ import annotations

import ast
import re
from datetime import date, datetime
from pathlib import Path

import pytest
from alembic.script import ScriptDirectory

from tests.migrations.chain import VERSIONS, config, scripts

pytestmark = pytest.mark.lowest

FILES = sorted(VERSIONS.glob("*.py"))
NAME = re.compile(
    r"(?P<day>\d{8})_(expand|contract)"
    r"_(create|add|index|validate|backfill|require|rename|drop)(_[a-z0-9]+)+\.py"
)
STANDARD = {"__future__", "alembic", "sqlalchemy"}

each_file = pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)


def test_history_has_one_head_and_one_base() -> None:
    """Two heads leave `upgrade head` without a meaning."""
    history = ScriptDirectory.from_config(config())

    assert len(history.get_heads()) == 1
    assert len(history.get_bases()) == 1


def test_every_file_is_a_revision_with_an_id_of_its_own() -> None:
    """Alembic only warns when two files claim one id, and forgets one of them."""
    ids = [_assigned(path, "revision") for path in FILES]

    assert sorted(ids) == sorted(set(ids))
    assert sorted(ids) == sorted(script.revision for script in scripts())


def test_four_characters_of_an_id_are_enough() -> None:
    """An operator types a prefix at a bad moment, and should not have to count."""
    prefixes = {script.revision[:4] for script in scripts()}

    assert len(prefixes) == len(scripts())


@each_file
def test_file_is_named_by_date_and_purpose(path: Path) -> None:
    """The name says when it was written, and whether it runs before or after the new code."""
    match = NAME.fullmatch(path.name)

    assert match, (
        "YYYYMMDD_<expand|contract>_<verb>_<what>.py; the page on revisions lists the verbs"
    )
    assert _day(path) > date(2020, 1, 1)


def test_dates_follow_the_order_of_the_chain() -> None:
    """A folder listing is read as the history: it must not lie."""
    days = [_day(Path(script.path)) for script in scripts()]

    assert days == sorted(days)


@each_file
def test_file_imports_only_alembic_and_sqlalchemy(path: Path) -> None:
    """A revision that imports the models changes its meaning whenever they change."""
    assert _imported(_tree(path)) <= STANDARD


@each_file
def test_docstring_says_what_and_why_it_is_safe(path: Path) -> None:
    """Who reviews it should not have to know the lock table by heart."""
    text = ast.get_docstring(_tree(path)) or ""

    assert _assigned(path, "revision") in text
    assert re.search(r"[Ss]afe because", text)
    assert "https://www.postgresql.org/docs/" in text, "name the manual's page behind that claim"


@each_file
def test_docstring_names_the_revision_before(path: Path) -> None:
    """A rebase changes down_revision; the sentence must follow."""
    text = ast.get_docstring(_tree(path)) or ""
    before = _assigned(path, "down_revision")

    assert (f"after {before}" if before else "the first") in text


@each_file
def test_downgrade_does_something_or_says_why_not(path: Path) -> None:
    """An empty downgrade claims a way back that is none."""
    downgrade = _function(path, "downgrade")
    text = ast.get_docstring(downgrade) or ""

    assert text
    assert _statements(downgrade) or text.startswith("Nothing to undo: ")


@each_file
@pytest.mark.parametrize("name", ["upgrade", "downgrade"])
def test_autocommit_block_is_alone_in_its_function(path: Path, name: str) -> None:
    """What stands beside the block is committed even when the revision fails."""
    statements = _statements(_function(path, name))
    blocks = [statement for statement in statements if "autocommit_block" in ast.dump(statement)]

    assert not blocks or blocks == statements


@each_file
def test_concurrent_work_is_in_an_autocommit_block(path: Path) -> None:
    """PostgreSQL refuses CONCURRENTLY inside a transaction block."""
    for name in ("upgrade", "downgrade"):
        dump = "".join(map(ast.dump, _statements(_function(path, name))))

        assert "concurrently" not in dump.lower() or "autocommit_block" in dump


def test_alembic_folder_is_never_a_package() -> None:
    """With an `__init__.py` the folder would hide the library of the same name."""
    assert list(VERSIONS.parent.rglob("__init__.py")) == []


def _tree(path: Path) -> ast.Module:
    return ast.parse(path.read_text(encoding="utf-8"))


def _imported(tree: ast.Module) -> set[str]:
    found = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            found |= {alias.name.partition(".")[0] for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            found.add("." * node.level + (node.module or "").partition(".")[0])
    return found


def _assigned(path: Path, name: str) -> str:
    for node in _tree(path).body:
        if isinstance(node, ast.AnnAssign) and ast.unparse(node.target) == name and node.value:
            return str(ast.literal_eval(node.value) or "")
    raise AssertionError(f"{path.name} does not assign {name} with a type")


def _function(path: Path, name: str) -> ast.FunctionDef:
    (found,) = (
        node
        for node in _tree(path).body
        if isinstance(node, ast.FunctionDef) and node.name == name
    )
    return found


def _statements(function: ast.FunctionDef) -> list[ast.stmt]:
    return [
        statement
        for statement in function.body
        if not isinstance(statement, ast.Pass)
        and not (isinstance(statement, ast.Expr) and isinstance(statement.value, ast.Constant))
    ]


def _day(path: Path) -> date:
    return datetime.strptime(path.name[:8], "%Y%m%d").date()  # noqa: DTZ007 - a date has no zone
