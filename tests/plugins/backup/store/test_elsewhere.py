"""The service that serves has no volume of backups: it never says that there are none."""

from __future__ import annotations

import os
import subprocess
from typing import TYPE_CHECKING

import pytest

from tests.support.disks import small_disk

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from tests.support.project import Project

OUTSIDE = "docker compose run --rm migrate"

pytestmark = pytest.mark.skipif(os.geteuid() != 0, reason="only root may mount")


@pytest.fixture
def serving(project: Project, tmp_path: Path) -> Iterator[Project]:
    """Return the project as `app` sees it: an empty folder of a read-only file system."""
    folder = tmp_path / "volume"
    folder.mkdir()
    project.revision("one", "op.create_table('one', sa.Column('id', sa.Integer))")
    project.enable("backup")
    project.settings["plugins.backup.directory"] = str(folder)
    project.environment["SST_COMMAND"] = OUTSIDE
    with small_disk(folder, "ro"):
        yield project


def test_list_says_that_they_are_not_here_and_what_to_type(serving: Project) -> None:
    listed = serving.migrate("backup", "list")
    as_json = serving.migrate("backup", "list", "--json")

    assert listed.exit_code == 0
    assert listed.stdout.startswith("the backups are not here: ")
    assert f"`{OUTSIDE} backup list`" in listed.stderr
    assert as_json.json["data"]["backups"] == []
    assert f"`{OUTSIDE} backup list`" in as_json.json["warnings"][0]


@pytest.mark.parametrize(
    "words",
    [
        ("backup", "show", "latest"),
        ("backup", "show", "20261122T153815Z-shop-71c4a7"),
        ("backup", "verify", "latest"),
        ("restore", "latest", "--confirm", "shop"),
    ],
    ids=" ".join,
)
def test_one_is_looked_up_where_they_are(serving: Project, words: tuple[str, ...]) -> None:
    refused = serving.migrate(*words, "--json")

    assert refused.exit_code == 5
    assert refused.json["error"]["code"] == "storage_unreachable"
    assert "the backups are not here" in refused.json["error"]["message"]
    assert f"`{OUTSIDE} backup list`" in refused.json["error"]["hint"]


def test_nothing_is_pruned_from_there(serving: Project) -> None:
    serving.settings["plugins.backup.keep_last"] = "1"

    pruned = serving.migrate("backup", "prune")

    assert "nothing was pruned: the backups are not here" in pruned.stderr


@pytest.mark.parametrize("words", [("upgrade",), ("backup", "create")], ids=" ".join)
def test_backup_is_refused_and_where_it_can_be_is_named(
    serving: Project, words: tuple[str, ...]
) -> None:
    """What is named migrates nothing: who wanted a backup must not be led to `upgrade`."""
    refused = serving.migrate(*words)

    assert refused.exit_code == 5
    assert "Read-only file system" in refused.stderr
    assert f"`{OUTSIDE} backup create`" in refused.stderr


def test_empty_disk_that_can_be_written_has_no_backups(serving: Project, tmp_path: Path) -> None:
    empty = tmp_path / "empty"
    empty.mkdir()
    serving.settings["plugins.backup.directory"] = str(empty)

    listed = serving.migrate("backup", "list")

    assert listed.stdout == f"no backups in {empty}\n"
    assert listed.stderr == ""


def test_backups_on_a_read_only_disk_are_listed(project: Project, tmp_path: Path) -> None:
    """So is an archive that somebody has mounted to restore from."""
    disk = tmp_path / "disk"
    disk.mkdir()
    project.revision("one", "op.create_table('one', sa.Column('id', sa.Integer))")
    project.enable("backup")
    project.settings["plugins.backup.directory"] = str(disk)
    with small_disk(disk, size="8m"):
        assert project.migrate("upgrade").exit_code == 0
        subprocess.run(["mount", "-o", "remount,ro", str(disk)], check=True)

        listed = project.migrate("backup", "list", "--json").json

    assert len(listed["data"]["backups"]) == 1
    assert listed["warnings"] == []
