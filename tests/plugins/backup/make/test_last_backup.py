"""The newest backup is on record, whether a run or an operator made it; `status` names it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from tests.support.unprivileged_role import reader_of

if TYPE_CHECKING:
    from tests.support.project import Project


@pytest.fixture
def migrated(kept: Project) -> Project:
    """Return a project whose one run has made a backup."""
    kept.revision("one", "op.create_table('one', sa.Column('id', sa.Integer))")
    assert kept.migrate("upgrade").exit_code == 0
    return kept


def last_backup(project: Project) -> dict[str, Any] | None:
    """Return what `status --json` says of it."""
    found: dict[str, Any] | None = project.migrate("status", "--json").json["last_backup"]
    return found


def test_backup_of_a_run_is_the_last_one(migrated: Project) -> None:
    found = last_backup(migrated)

    assert found is not None
    assert (found["command"], found["run_id"]) == ("upgrade", migrated.last_run()["id"])
    assert (found["proven"], found["uri"][:8]) == ("read", "file:///")
    assert found["size_bytes"] > 0


def test_backup_of_an_operator_is_the_last_one_and_no_run(migrated: Project) -> None:
    made = migrated.migrate("backup", "create", "--json").json["backup"]

    found, last = last_backup(migrated), migrated.migrate("status", "--json").json["last_run"]
    text = migrated.migrate("status").stdout

    assert found is not None
    assert (found["id"], found["command"]) == (made["id"], "backup create")
    assert last["command"] == "upgrade"
    assert "by backup create" in text
    assert "read back, not restored" in text


def test_failed_backup_is_no_last_run_once_one_has_succeeded(migrated: Project) -> None:
    """A store that was away for a night is no news after the next scheduled backup."""
    failed = migrated.migrate(
        "backup", "create", "--set", "plugins.backup.directory=/proc/nowhere"
    )
    after_failure = migrated.migrate("status", "--json").json["last_run"]
    migrated.migrate("backup", "create")

    after_success = migrated.migrate("status", "--json").json["last_run"]

    assert failed.exit_code == 5
    assert after_failure["command"] == "backup create"
    assert after_success["command"] == "upgrade"


def test_backup_says_how_far_it_is_proven(migrated: Project) -> None:
    migrated.migrate("backup", "create", "--set", "plugins.backup.verify=restore")

    found = last_backup(migrated)

    assert found is not None
    assert found["proven"] == "restored"
    assert "restored and compared" in migrated.migrate("status").stdout


def test_restore_makes_no_backup(migrated: Project) -> None:
    made = migrated.migrate("backup", "create", "--json").json["backup"]["id"]
    name = migrated.query("select current_database()")[0][0]
    assert migrated.migrate("restore", made, "--confirm", name).exit_code == 0

    found = last_backup(migrated)

    assert found is not None
    assert (found["id"], found["command"]) == (made, "backup create")


def test_backup_of_a_database_without_a_record_makes_none(kept: Project) -> None:
    result = kept.migrate("backup", "create")

    assert result.exit_code == 0, result.output
    assert kept.query("select to_regnamespace('migrator')") == [(None,)]
    assert last_backup(kept) is None


def test_role_that_may_not_write_the_record_still_makes_a_backup(migrated: Project) -> None:
    before = migrated.query("select count(*) from migrator.run")
    with reader_of(migrated) as url:
        result = migrated.migrate("backup", "create", DATABASE_URL=url)
        status = migrated.migrate("status", "--json", DATABASE_URL=url)

    assert result.exit_code == 0, result.output
    assert migrated.query("select count(*) from migrator.run") == before
    assert (status.exit_code, status.json["last_run"]["outcome"]) == (0, "succeeded")
