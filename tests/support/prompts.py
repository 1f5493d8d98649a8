"""Commands that ask their operator, on a terminal of their own."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from sst.db.url import DatabaseUrl
from tests.support.forked_terminal import ForkedTerminal

if TYPE_CHECKING:
    from tests.support.project import Project
    from tests.support.terminal import Terminal

QUESTION = "to go on:"
CTRL_C, CTRL_D = chr(3), chr(4)


def asked(
    project: Project,
    *words: str,
    environment: str = "production",
    columns: int = 80,
    stdout: int | None = None,
    **variables: str,
) -> Terminal:
    """Return the terminal on which `sst WORDS` runs in *environment*, with *variables* set."""
    environ = {
        "PATH": os.environ["PATH"],
        "HOME": os.environ.get("HOME", "/"),
        "DATABASE_URL": project.database_url,
        "ENV_FOR_DYNACONF": environment,
        **variables,
    }
    return ForkedTerminal(
        words, environ=environ, folder=project.root, columns=columns, lines=40, stdout=stdout
    )


def name_of(project: Project) -> str:
    """Return the name that is to be typed."""
    return DatabaseUrl(project.database_url).name
