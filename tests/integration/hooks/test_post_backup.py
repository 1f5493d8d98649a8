"""`post_backup`: a backup is told when it is proven, before anything else is done."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from tests.support.project import Project

MAKER = """
from sst.hooks import Backup, hookimpl

@hookimpl
def pre_migrate(run):
    return Backup("b-1", "file:///b-1", 7, "0" * 64, {verified}, proven="{proven}")
"""
WITNESS = """
from sst.hooks import Veto, hookimpl

@hookimpl
def pre_migrate(run):
    {body}

@hookimpl
def post_backup(run, backup):
    with run.inspect() as database:
        [(kept,)] = database.fetch(
            "select backup ->> 'id' from migrator.run where id = :id", id=run.id)
    print("told of", backup.id, backup.proven, "on record:", kept)
"""


def arrange(
    project: Project, *, verified: bool = True, proven: str = "read", body: str = "pass"
) -> None:
    """Give *project* a revision, a plugin that makes backups, and one that is told of them."""
    project.revision("one", "op.create_table('one', sa.Column('id', sa.Integer))")
    project.plugin("maker", MAKER.format(verified=verified, proven=proven))
    project.plugin("witness", WITNESS.format(body=body))
    project.enable("maker", "witness")


def test_proven_backup_is_told_and_on_record(project: Project) -> None:
    arrange(project)

    result = project.migrate("upgrade")

    assert result.exit_code == 0, result.output
    assert "told of b-1 read on record: b-1" in result.stderr
    hooks = [call.hook for call in result.calls if call.hook != "register_checks"]
    assert hooks == ["pre_migrate", "post_backup", "pre_migrate"]


def test_backup_is_told_and_kept_also_when_a_later_gate_refuses(project: Project) -> None:
    arrange(project, body="raise Veto('not today')")

    result = project.migrate("upgrade", "--json")

    assert result.exit_code == 5
    assert "told of b-1" in result.stderr
    assert result.json["backup"]["id"] == "b-1"
    assert project.last_run()["backup"]["id"] == "b-1"


def test_backup_that_nobody_has_verified_is_not_told(project: Project) -> None:
    arrange(project, verified=False, proven="no")

    result = project.migrate("upgrade", "--json")

    assert (result.exit_code, result.json["backup"]["id"]) == (0, "b-1")
    assert "told of" not in result.stderr


def test_backup_of_the_built_in_plugin_is_told(project: Project) -> None:
    arrange(project)
    project.enable("backup", "witness")
    project.settings["plugins.backup.directory"] = str(project.root / "backups")

    result = project.migrate("upgrade", "--json")

    assert result.exit_code == 0, result.output
    kept = result.json["backup"]["id"]
    assert f"told of {kept} read on record: {kept}" in result.stderr
