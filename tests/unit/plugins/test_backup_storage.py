"""The folder of backups: a draft appears whole or not at all."""

from __future__ import annotations

import json
import shutil
from datetime import UTC, datetime
from pathlib import Path

import pytest

from app.hooks import Veto
from plugins.backup import Config
from plugins.backup.manifest import Manifest, backup_id
from plugins.backup.storage import drafted, require_space


def test_draft_has_no_final_name_until_it_is_published(tmp_path: Path) -> None:
    with drafted(tmp_path, "b1") as draft:
        draft.archive.write_bytes(b"archive")
        during = _names(tmp_path)
        draft.publish("{}")

    assert during == ["b1.dump.partial", "b1.json.partial"]
    assert _names(tmp_path) == ["b1.dump", "b1.json"]


def test_anything_raised_removes_the_draft(tmp_path: Path) -> None:
    def fail() -> None:
        with drafted(tmp_path, "b1"):
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        fail()

    assert _names(tmp_path) == []


def test_manifest_that_cannot_be_written_removes_the_archive_too(tmp_path: Path) -> None:
    """An archive without its manifest is not a backup."""

    def fail() -> None:
        with drafted(tmp_path, "b1") as draft:
            (tmp_path / "b1.json").mkdir()
            draft.publish("{}")

    with pytest.raises(IsADirectoryError):
        fail()

    assert _names(tmp_path) == ["b1.json"]


@pytest.mark.parametrize("name", ["b1.dump", "b1.json", "b1.dump.partial"])
def test_earlier_backup_of_the_same_name_is_not_opened(tmp_path: Path, name: str) -> None:
    (tmp_path / name).write_text("precious")

    with pytest.raises(Veto, match="exists already"), drafted(tmp_path, "b1"):
        pytest.fail("a draft over an earlier backup")

    assert (tmp_path / name).read_text() == "precious"


def test_hopeless_lack_of_space_is_refused_at_once(tmp_path: Path) -> None:
    with pytest.raises(Veto, match="bytes free") as veto:
        require_space(tmp_path, 2**62)

    assert "plugins.backup.directory" in veto.value.hint


def test_space_that_may_do_is_not_refused(tmp_path: Path) -> None:
    """A wrong refusal is worse than a full disk, which is handled as well."""
    free = shutil.disk_usage(tmp_path).free

    require_space(tmp_path, free * 20)


def test_ids_sort_by_time_and_name_database_and_run() -> None:
    made = backup_id("shop", "20261122T143000Z-0f1e2d")

    stamp, database, run = made.split("-")
    age = datetime.now(UTC) - datetime.strptime(stamp, "%Y%m%dT%H%M%S%z")
    assert age.total_seconds() < 60
    assert (database, run) == ("shop", "0f1e2d")


@pytest.mark.parametrize(
    ("database", "shown"),
    [
        ("../../etc/passwd", ".._.._etc_passwd"),
        ("a b'c\"d", "a_b_c_d"),
        ("größe", "gr_e"),
        ("x" * 63, "x" * 40),
    ],
)
def test_id_is_a_plain_file_name(database: str, shown: str) -> None:
    made = backup_id(database, "run1")

    assert made.partition("Z-")[2] == f"{shown}-run1"


def test_manifest_keys_are_a_promise() -> None:
    """Later versions restore what this one wrote: keys are added, never renamed."""
    manifest = Manifest(
        id="b1",
        run_id="r1",
        environment="testing",
        database="shop",
        heads=("a1",),
        format="custom",
        server_version="18.4",
        tool_version="18.4",
        size_bytes=7,
        sha256="ab",
        created_at="2026-11-22T14:30:00Z",
        verified="read",
    )

    text = manifest.to_json()

    assert text.endswith("}\n")
    assert json.loads(text) == {
        "id": "b1",
        "run_id": "r1",
        "environment": "testing",
        "database": "shop",
        "heads": ["a1"],
        "format": "custom",
        "server_version": "18.4",
        "tool_version": "18.4",
        "size_bytes": 7,
        "sha256": "ab",
        "created_at": "2026-11-22T14:30:00Z",
        "verified": "read",
        "schema_version": 1,
    }


def _names(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


@pytest.mark.parametrize("field", ["directory", "pg_bin"])
def test_tilde_is_the_home_folder(field: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """In a file no shell spells it out; a folder named `~` is deleted together with one's home."""
    monkeypatch.setenv("HOME", "/home/sofia")

    assert getattr(Config(**{field: "~/pg"}), field) == Path("/home/sofia/pg")
