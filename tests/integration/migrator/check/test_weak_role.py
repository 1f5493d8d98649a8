"""A role that may only look: it sees less of the server, and must not conclude more."""

from __future__ import annotations

import signal
from typing import TYPE_CHECKING, Any

import pytest

from sst.db.url import DatabaseUrl
from tests.support.chain import SLEEP, start_asleep
from tests.support.unprivileged_role import role

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.support.project import Outcome, Project


@pytest.fixture
def chain(project: Project) -> Project:
    """Make a project with one table applied."""
    project.revision("sites", "op.create_table('sites', sa.Column('id', sa.Integer))")
    assert project.migrate("upgrade").exit_code == 0
    return project


@pytest.fixture
def onlooker(chain: Project) -> Iterator[str]:
    """Return the URL of a role that may read versions and runs, and no fingerprint."""
    with role(chain) as url:
        name = DatabaseUrl(url).role
        chain.query(f"grant usage on schema migrator to {name}")
        chain.query(f"grant select on alembic_version, migrator.run, migrator.step to {name}")
        yield url


def schema_entry(result: Outcome) -> dict[str, Any]:
    """Return the core's entry on the schema."""
    [found] = [check for check in result.json["checks"] if check["name"] == "schema"]
    return dict(found)


def test_running_run_of_another_role_is_not_taken_for_dead(chain: Project, onlooker: str) -> None:
    """The server hides when another role's session began."""
    chain.revision("slow", SLEEP)
    run = start_asleep(chain)

    check = chain.migrate("check", "--json", DATABASE_URL=onlooker)
    listed = chain.migrate("runs", "list", "--json", DATABASE_URL=onlooker)

    run.signal(signal.SIGTERM)
    run.finish()
    assert (check.json["state"], check.json["error"]["code"]) == ("pending", "pending")
    assert [each["outcome"] for each in listed.json["runs"]] == ["running", "succeeded"]


def test_fingerprint_that_may_not_be_read_is_no_failure(chain: Project, onlooker: str) -> None:
    result = chain.migrate("check", "--json", DATABASE_URL=onlooker)

    assert result.exit_code == 0, result.output
    assert schema_entry(result)["status"] == "skip"
