"""How many of ten harmful statements linters find, and how many of four harmless ones they accuse.

The revision is `tests/support/fourteen_statements.py`. Other linters are installed into a virtual
environment of their own, for the time of the run; one that cannot be had is skipped. A finding at
a line that two statements share counts for both. Then: in how many rows of the truth table the
rules speak exactly where the server itself works while others wait.

    python -m bench.lint_accuracy
"""

from __future__ import annotations

import json
import re
import subprocess
import sys
import tempfile
import venv
from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

import tests.support.fourteen_statements as fourteen
from tests.support.judged import agreement, planned
from tests.support.older_server import older_server
from tests.support.project import Project
from tests.support.server import embedded_server
from tests.support.truth_table import cases_for

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from tests.support.server import TestServer

T = TypeVar("T")
HURTS, HARMLESS = 10, 4
SOURCE = Path(fourteen.__file__).read_text(encoding="utf-8")
# squawk's rules of style, and those of clients that run beside it, are not about what hurts.
_SQUAWK = ("--reporter=json", "--pg-version=18", "--assume-in-transaction", "--stdin-filepath=r")
_SENT = re.compile(r"(?m)^(?:ALTER TABLE orders|CREATE INDEX|UPDATE orders|DO |INSERT|COMMIT)")
_NOT_OF_LOCKS = (
    *("prefer-", "require-timeout", "require-lock-timeout", "require-statement-timeout"),
    *("ban-drop", "renaming-"),
)


def main() -> None:
    """Print a line for each linter, and one for each server with the truth table."""
    with embedded_server() as server, older_server() as older:
        _print("safe_ddl", _ours(server))
        with tempfile.TemporaryDirectory() as folder:
            _others(Path(folder), server)
        for name, each in (("18", server), ("16", older)):
            found = _agreement(each)
            sys.stdout.write(f"truth table, PostgreSQL {name}: {sum(found)} of {len(found)}\n")


def _print(name: str, found: tuple[int, int]) -> None:
    sys.stdout.write(f"{name}: {found[0]} of {HURTS} found, {found[1]} of {HARMLESS} accused\n")


def _ours(server: TestServer) -> tuple[int, int]:
    def judge(project: Project) -> tuple[int, int]:
        project.enable("backup", "safe_ddl")
        [findings] = planned(project).values()
        found = Counter(each["line"] for each in findings)
        hurts = _marked("hurts")
        caught = sum(min(found[line], count) for line, count in hurts.items())
        return caught, sum((found - hurts).values())

    return _in_project(server, judge)


def _others(folder: Path, server: TestServer) -> None:
    venv.create(folder / "venv", with_pip=True)
    programs = folder / "venv" / "bin"
    file = folder / "alembic" / "versions" / "fourteen.py"
    file.parent.mkdir(parents=True)
    file.write_text(SOURCE, encoding="utf-8")
    sql = _in_project(server, lambda project: project.migrate("plan", "--sql").stdout)
    for package in ("alembic-guard", "lockcheck", "zdm", "squawk-cli"):
        install = [str(programs / "pip"), "install", "--quiet", package]
        if subprocess.run(install, check=False, capture_output=True).returncode:
            sys.stdout.write(f"{package}: cannot be installed\n")
        elif package == "squawk-cli":
            _print(package, _of_sql(programs / "squawk", sql))
        else:
            _print(package, _of_lines([programs / package, file]))


def _of_lines(command: Sequence[Path]) -> tuple[int, int]:
    """Return how many statements a linter of revision files has found, by the lines it names."""
    options = ["--output-format", "json"] if command[0].name == "zdm" else []
    told = subprocess.run([*command, *options], check=False, capture_output=True, text=True)
    pattern = r'"line": (\d+)' if options else r"(?m)^ +(\d+)  LC|fourteen\.py:(\d+)"
    lines = {int(a or b) for a, b in ((*each, "")[:2] for each in _groups(pattern, told.stdout))}
    return tuple(  # type: ignore[return-value]
        sum(count for line, count in _marked(word, in_batch=True).items() if line in lines)
        for word in ("hurts", "is harmless")
    )


def _groups(pattern: str, text: str) -> list[tuple[str, ...]]:
    found = re.findall(pattern, text)
    return [each if isinstance(each, tuple) else (each,) for each in found]


def _of_sql(program: Path, sql: str) -> tuple[int, int]:
    """Return how many statements of *sql* squawk has found; they are in the order of the file."""
    starts = [sql.count("\n", 0, match.start()) for match in _SENT.finditer(sql)]
    told = subprocess.run(
        [program, *_SQUAWK], input=sql, check=False, capture_output=True, text=True
    )
    lines = [
        each["line"]
        for each in json.loads(told.stdout)
        if not each["rule_name"].startswith(_NOT_OF_LOCKS)
    ]
    found = {sum(start <= line for start in starts) - 1 for line in lines if line >= starts[0]}
    return sum(at < HURTS for at in found), sum(HURTS <= at < HURTS + HARMLESS for at in found)


def _marked(word: str, *, in_batch: bool = False) -> Counter[int]:
    """Return how many statements have the mark *word*, by line; static ones see into a batch."""
    lines = dict(enumerate(SOURCE.splitlines(), 1))
    marks = {at: line.split("#")[-1] for at, line in lines.items() if "  # " in line}
    found = Counter({at: mark.count(word) for at, mark in marks.items()})
    if in_batch and word == "hurts":
        found.update(at for at, line in lines.items() if "batch.create" in line)
    return +found


def _agreement(server: TestServer) -> list[bool]:
    def agree(project: Project) -> list[bool]:
        [(number,)] = project.query("select current_setting('server_version_num')::integer")
        return list(agreement(project, cases_for(number // 10_000)).values())

    return _in_project(server, agree, is_empty=True)


def _in_project(server: TestServer, work: Callable[[Project], T], *, is_empty: bool = False) -> T:
    url = server.create_database()
    try:
        with tempfile.TemporaryDirectory() as folder:
            project = Project.create(Path(folder) / "project", url)
            if not is_empty:
                project.query(fourteen.SETUP)
                versions = project.root / "alembic" / "versions"
                (versions / "fourteen.py").write_text(SOURCE, encoding="utf-8")
            return work(project)
    finally:
        server.drop_database(url)


if __name__ == "__main__":
    main()
