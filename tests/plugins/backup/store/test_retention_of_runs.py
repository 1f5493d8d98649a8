"""Retention beside real runs: after a good backup, and after a run that failed."""

from __future__ import annotations

import uuid
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from sst.hooks import Failure
from tests.support.backups import backup_plugin, execute, nowhere, origin_of
from tests.support.runs import PlainInspection, make_run
from tests.support.stores import names, publish, storage

if TYPE_CHECKING:
    from pathlib import Path

    from sst.hooks import Run

pytestmark = pytest.mark.external

FAILED = Failure("revision_failed", "it failed", "revision")


@pytest.fixture
def old(run: Run, tmp_path: Path) -> list[str]:
    """Return the ids of three earlier backups of the run's database."""
    ids = [f"2026010{day}T120000Z-shop-aaaaaa" for day in (1, 2, 3)]
    mine = origin_of(run.database_url)
    for backup_id in ids:
        publish(
            storage(tmp_path),
            backup_id,
            database=run.database_url.name,
            system_identifier=mine.system_identifier,
        )
    return ids


@pytest.mark.usefixtures("old")
def test_good_backup_is_followed_by_pruning(run: Run, tmp_path: Path) -> None:
    backup = backup_plugin(keep_last=1).pre_migrate(run)

    assert names(tmp_path / "backups") == [backup.id]


@pytest.mark.usefixtures("old")
def test_without_a_rule_nothing_is_ever_pruned(run: Run, tmp_path: Path) -> None:
    backup_plugin().pre_migrate(run)

    assert len(names(tmp_path / "backups")) == 4


def test_backup_that_the_ledger_needs_is_kept(
    run: Run, old: list[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(PlainInspection, "needed_backups", frozenset({old[0]}))

    backup = backup_plugin(keep_last=1).pre_migrate(run)

    assert names(tmp_path / "backups") == [old[0], backup.id]


def test_failed_run_prunes_and_keeps_its_own_backup(
    run: Run, old: list[str], tmp_path: Path
) -> None:
    """Its row in the ledger is not written yet."""
    mine = storage(tmp_path).find(old[0]).backup

    backup_plugin(keep_last=1).migrate_failed(run, replace(FAILED, backup=mine))

    assert names(tmp_path / "backups") == [old[0], old[2]]


def test_nothing_goes_while_the_database_cannot_say_what_it_needs(
    filled: str, old: list[str], tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    unreachable = make_run(filled, tmp_path, database_url=nowhere())

    backup_plugin(keep_last=1).migrate_failed(unreachable, FAILED)

    assert names(tmp_path / "backups") == old
    assert "nothing was pruned" in caplog.text
    assert "canary" not in caplog.text


def test_nothing_goes_on_a_server_that_does_not_say_who_it_is(
    filled: str, old: list[str], tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """A role without the right cannot tell its backups from those of another server."""
    name = f"curious_{uuid.uuid4().hex[:8]}"
    execute(filled, "REVOKE EXECUTE ON FUNCTION pg_control_system() FROM PUBLIC")
    execute(filled, f"CREATE ROLE {name}")
    joint = "&" if "?" in filled else "?"
    weak = make_run(f"{filled}{joint}options=-crole%3D{name}", tmp_path)

    backup_plugin(keep_last=1).migrate_failed(weak, FAILED)

    execute(filled, f"DROP ROLE {name}")
    assert names(tmp_path / "backups") == old
    assert "GRANT EXECUTE ON FUNCTION pg_catalog.pg_control_system()" in caplog.text
