"""The rules speak exactly where PostgreSQL itself says that others wait for work."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tests.support.judged import agreement
from tests.support.project import Project
from tests.support.truth_table import CASES, cases_for

if TYPE_CHECKING:
    from pathlib import Path

    from tests.support.server import TestServer


def test_rules_agree_with_the_server(each_server: TestServer, tmp_path: Path) -> None:
    url = each_server.create_database()
    project = Project.create(tmp_path / "project", url)
    [(number,)] = project.query("select current_setting('server_version_num')::integer")

    found = agreement(project, cases_for(number // 10_000))

    each_server.drop_database(url)
    assert len(found) >= len(CASES) - 2
    assert [sql for sql, agrees in found.items() if not agrees] == []
