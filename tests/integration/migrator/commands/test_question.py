"""The one statement that asks whether a database is as it was."""

from __future__ import annotations

from contextlib import closing
from typing import TYPE_CHECKING

from sst.runtime import open_runtime
from tests.support.server import connect

if TYPE_CHECKING:
    from tests.support.project import Project


def test_session_of_a_pooler_is_left_as_it_was(project: Project) -> None:
    """A pooler hands the session on to somebody else's statements."""
    environ = {"DATABASE_URL": project.database_url}
    with open_runtime(project.root, environ=environ) as runtime:
        question = runtime.migrator.question(with_schema=True)

    with closing(connect(project.database_url)) as connection, connection.cursor() as cursor:
        cursor.execute(question)
        answered = cursor.fetchone()
        cursor.execute("show statement_timeout")
        left = cursor.fetchone()

    assert answered is not None
    assert left == ("0",)
