"""House rules that no linter knows."""

from __future__ import annotations

import ast
import sys
import tomllib
from importlib import metadata
from itertools import chain
from pathlib import Path

import alembic
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

ROOT = Path(__file__).resolve().parents[2]
CODE = [
    *(
        path
        for wing in ("sst", "app", "plugins", "deploy")
        for path in ROOT.glob(f"{wing}/**/*.py")
    ),
    ROOT / "migrate.py",
]
LONGEST_FILE_LINES = 300
OWN = {"sst", "app", "plugins", "deploy"}
CLUSTER_WIDE = ("pg_stat_activity", "pg_locks", "pg_stat_progress_", "pg_prepared_xacts")
# The lower halves of FastAPI, pydantic, boto3 and Jinja2.
INSEPARABLE = {"starlette", "pydantic_core", "botocore", "markupsafe"}
ELSEWHERE = {"airflow"}
"""What only a recipe imports, which runs in another program."""


def test_alembic_folder_is_no_package() -> None:
    """An `__init__.py` there, or a `tests/alembic`, would shadow the library."""
    assert not (ROOT / "alembic" / "__init__.py").exists()
    assert not (ROOT / "tests" / "alembic").exists()


def test_import_alembic_is_the_library() -> None:
    """Although the project's own folder of that name comes first on the path."""
    assert alembic.__file__ is not None
    assert not Path(alembic.__file__).is_relative_to(ROOT / "alembic")
    assert hasattr(alembic, "op")


def test_no_file_outgrows_a_sitting() -> None:
    lengths = {path.relative_to(ROOT): len(path.read_text().splitlines()) for path in CODE}

    assert {path: lines for path, lines in lengths.items() if lines > LONGEST_FILE_LINES} == {}


def test_imported_packages_are_declared() -> None:
    """What comes in by chance, through another package, can leave in the same way."""
    provided = metadata.packages_distributions()

    undeclared = {
        module
        for path in CODE
        for module in _imported(path) - OWN - INSEPARABLE - ELSEWHERE - sys.stdlib_module_names
        if _declared().isdisjoint(
            canonicalize_name(name) for name in provided.get(module, [module])
        )
    }

    assert undeclared == set()


def test_question_to_a_shared_server_names_its_database() -> None:
    """These views show every database; another test's session would answer for our own."""
    tests = [*ROOT.glob("tests/*/**/*.py"), *ROOT.glob("bench/*.py")]

    nameless = {
        f"{path.relative_to(ROOT)}:{node.lineno}"
        for path in tests
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(node, ast.Constant) and isinstance(node.value, str)
        if any(view in node.value for view in CLUSTER_WIDE) and path != Path(__file__)
        if "current_database()" not in node.value and "pid =" not in node.value
    }

    assert nameless == set()


def test_no_file_names_this_machine() -> None:
    """A path of a home folder works for one person."""
    tracked = [*CODE, ROOT / "Makefile", ROOT / "pyproject.toml", ROOT / "settings.toml"]

    offenders = [path.name for path in tracked if str(ROOT) in path.read_text()]

    assert offenders == []


def _imported(path: Path) -> set[str]:
    """Return the top-level modules whose code or files *path* uses, relative imports aside."""
    found: set[str] = set()
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            found |= {alias.name.partition(".")[0] for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            found.add(node.module.partition(".")[0])
        elif isinstance(node, ast.Call) and ast.unparse(node.func).endswith("resources.files"):
            found |= {ast.literal_eval(each).partition(".")[0] for each in node.args}
    return found


def _declared() -> set[str]:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    texts = [*project["dependencies"], *chain(*project["optional-dependencies"].values())]
    return {canonicalize_name(Requirement(text).name) for text in texts}
