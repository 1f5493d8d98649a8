"""Every revision goes up, down and up again, and leaves what it found."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from alembic import command

from tests.migrations.catalog import snapshot
from tests.migrations.chain import offline_sql, scripts
from tests.migrations.rows import add_incidents

if TYPE_CHECKING:
    from alembic.script import Script

    from tests.migrations.chain import Chain

pytestmark = [pytest.mark.external, pytest.mark.lowest]

each_script = pytest.mark.parametrize("script", scripts(), ids=lambda script: script.revision)


@each_script
def test_downgrade_leaves_schema_as_it_was(chain: Chain, script: Script) -> None:
    """Each step alone, so that a fault is found in the revision that has it."""
    chain.upgrade(str(script.down_revision or "base"))
    before = snapshot(chain)
    chain.upgrade(script.revision)
    between = snapshot(chain)

    chain.downgrade("-1")

    assert snapshot(chain) == before
    assert (between == before) is _only_moves_rows(script)


@each_script
def test_second_upgrade_leads_to_the_same_schema(chain: Chain, script: Script) -> None:
    """What a downgrade leaves behind shows when the way up is walked again."""
    chain.upgrade(script.revision)
    first = snapshot(chain)
    chain.downgrade("-1")

    chain.upgrade(script.revision)

    assert snapshot(chain) == first
    assert chain.heads() == (script.revision,)


def test_way_to_base_leaves_nothing_behind(chain: Chain) -> None:
    """No type, function or trigger may outlive the last downgrade."""
    chain.upgrade()

    chain.downgrade("base")

    assert snapshot(chain) == ()
    assert chain.heads() == ()


def test_failing_revision_keeps_the_ones_before_it(chain: Chain) -> None:
    """Each revision is a transaction of its own, so a rerun resumes where it stopped."""
    chain.upgrade(scripts()[0].revision)
    chain.execute("ALTER TABLE incidents ADD COLUMN status text")

    with pytest.raises(Exception, match="already exists"):
        chain.upgrade()

    assert chain.heads() == (scripts()[1].revision,)


def test_offline_sql_of_the_whole_chain_leads_to_the_same_schema(chain: Chain) -> None:
    """A DBA may run the printed SQL instead: it must do what the online run does."""
    chain.upgrade()
    online = snapshot(chain)
    chain.downgrade("base")
    chain.execute("DROP TABLE alembic_version")
    script = offline_sql(command.upgrade, "head")

    _run_as_psql_would(chain, script)

    assert snapshot(chain) == online
    assert chain.heads() == (scripts()[-1].revision,)


def test_offline_sql_of_the_way_back_leaves_nothing_behind(chain: Chain) -> None:
    """The printed way back must be as complete as the printed way up."""
    chain.upgrade()
    script = offline_sql(command.downgrade, f"{scripts()[-1].revision}:base")

    _run_as_psql_would(chain, script)

    assert snapshot(chain) == ()


def test_offline_sql_fills_the_rows_that_are_there(chain: Chain) -> None:
    """A data revision that needs Python would print nothing."""
    chain.upgrade(scripts()[0].revision)
    add_incidents(chain, 30)
    script = offline_sql(command.upgrade, f"{scripts()[0].revision}:head")

    _run_as_psql_would(chain, script)

    assert chain.fetch("SELECT status, count(*) FROM incidents GROUP BY 1 ORDER BY 1") == [
        ("closed", 10),
        ("open", 20),
    ]


def _run_as_psql_would(chain: Chain, script: str) -> None:
    # One statement at a time: a batch of several is one implicit transaction to the server.
    chain.execute_in_autocommit(*_statements(script))


def _statements(script: str) -> list[str]:
    parts, quoted = [""], False
    for line in script.splitlines():
        quoted ^= line.count("$$") % 2 == 1
        parts[-1] += line + "\n"
        if line.endswith(";") and not quoted:
            parts.append("")
    return [part for part in parts if part.strip()]


def _only_moves_rows(script: Script) -> bool:
    return "backfill" in script.path
