"""Of fourteen statements the rules find the ten that hurt, and none of the four others."""

from __future__ import annotations

from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING

import tests.support.fourteen_statements as fourteen
from tests.support.judged import planned
from tests.support.project import Project

if TYPE_CHECKING:
    from tests.support.server import TestServer


def test_ten_of_ten_are_found_and_none_of_the_four(
    each_server: TestServer, tmp_path: Path
) -> None:
    url = each_server.create_database()
    project = Project.create(tmp_path / "project", url)
    project.enable("backup", "safe_ddl")
    project.query(fourteen.SETUP)
    source = Path(fourteen.__file__).read_text(encoding="utf-8")
    (project.root / "alembic" / "versions" / "fourteen.py").write_text(source, encoding="utf-8")

    [findings] = planned(project).values()

    each_server.drop_database(url)
    lines = enumerate(source.splitlines(), 1)
    hurts = {at: line.count("hurts") for at, line in lines if "# hurts" in line}
    assert sum(hurts.values()) == 10
    assert Counter(each["line"] for each in findings) == hurts
