"""The folder of backups: one appears whole or not at all, and is trusted while it is whole."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from plugins.backup import Config
from plugins.backup.commands.texts import listing_rows
from plugins.backup.manifest.backup_id import is_of
from plugins.backup.manifest.subject import Subject
from plugins.backup.store.listing import Listing
from plugins.backup.store.storage import require_space
from sst.hooks import Veto
from tests.support.stores import ID, manifest, names, publish, storage

if TYPE_CHECKING:
    from collections.abc import Callable

    from plugins.backup.store.storage import Storage

OLDER = "20261121T080000Z-shop-aaaaaa"
OTHER = "20261122T150000Z-crm-bbbbbb"


def test_draft_has_no_final_name_until_it_is_published(tmp_path: Path) -> None:
    where = storage(tmp_path)

    with where.draft(ID) as draft:
        (draft.folder / "archive.dump").write_bytes(b"archive of the shop")
        during = names(tmp_path / "backups")
        listed = where.list()
        where.publish(draft, manifest())

    assert during == [f"{ID}.partial"]
    assert (len(listed), listed.damaged) == (0, ())
    assert names(tmp_path / "backups") == [ID]
    assert names(tmp_path / "backups" / ID) == ["archive.dump", "manifest.json"]


def test_anything_raised_removes_the_draft(tmp_path: Path) -> None:
    def fail() -> None:
        with storage(tmp_path).draft(ID) as draft:
            (draft.folder / "archive.dump").write_bytes(b"half")
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        fail()

    assert names(tmp_path / "backups") == []


def test_draft_that_is_not_published_is_removed(tmp_path: Path) -> None:
    with storage(tmp_path).draft(ID) as draft:
        (draft.folder / "archive.dump").write_bytes(b"never checked")

    assert names(tmp_path / "backups") == []


@pytest.mark.parametrize("name", [ID, f"{ID}.partial"])
def test_earlier_backup_of_the_same_name_is_not_opened(tmp_path: Path, name: str) -> None:
    earlier = tmp_path / "backups" / name
    earlier.mkdir(parents=True)
    (earlier / "archive.dump").write_text("precious")

    with pytest.raises(Veto, match="exists already"), storage(tmp_path).draft(ID):
        pytest.fail("a draft over an earlier backup")

    assert (earlier / "archive.dump").read_text() == "precious"


def test_backup_that_appears_meanwhile_is_not_replaced(tmp_path: Path) -> None:
    def fail() -> None:
        with storage(tmp_path).draft(ID) as draft:
            (draft.folder / "archive.dump").write_bytes(b"archive of the shop")
            (tmp_path / "backups" / ID).mkdir()
            storage(tmp_path).publish(draft, manifest())

    with pytest.raises(Veto, match="exists already"):
        fail()

    assert names(tmp_path / "backups") == [ID]
    assert names(tmp_path / "backups" / ID) == []


def test_everything_in_a_backup_is_the_owners_alone(tmp_path: Path) -> None:
    before = os.umask(0)
    try:
        publish(storage(tmp_path), files={"archive/1.dat": b"one", "archive/toc.dat": b"toc"})
    finally:
        os.umask(before)

    found = {
        str(path.relative_to(tmp_path)): path.stat().st_mode & 0o777
        for path in (tmp_path / "backups", *(tmp_path / "backups").rglob("*"))
    }
    assert found == {
        "backups": 0o700,
        f"backups/{ID}": 0o700,
        f"backups/{ID}/archive": 0o700,
        f"backups/{ID}/archive/1.dat": 0o600,
        f"backups/{ID}/archive/toc.dat": 0o600,
        f"backups/{ID}/manifest.json": 0o600,
    }


def test_backup_is_on_the_disk_before_it_has_its_name(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A power cut after the rename must not leave empty files under a good name."""
    flushed: list[str] = []
    real = os.fsync

    def recorded(number: int) -> None:
        flushed.append(Path(f"/proc/self/fd/{number}").readlink().name)
        real(number)

    monkeypatch.setattr(os, "fsync", recorded)

    publish(storage(tmp_path))

    assert sorted(flushed[:2]) == ["archive.dump", "manifest.json"]
    assert flushed[2:] == [f"{ID}.partial", "backups"]


def test_list_is_newest_first_and_says_where_each_lies(tmp_path: Path) -> None:
    where = storage(tmp_path)
    for backup_id in (ID, OLDER, OTHER):
        publish(where, backup_id)

    listing = where.list()

    assert [one.id for one in listing] == [OTHER, ID, OLDER]
    assert {one.stores for one in listing} == {("local",)}
    assert listing[1].uri == (tmp_path / "backups" / ID).as_uri()
    assert listing[1].backup.sha256 == listing[1].manifest.checksum


def test_missing_folder_is_an_empty_list(tmp_path: Path) -> None:
    assert list(storage(tmp_path).list()) == []


def _cut(folder: Path) -> None:
    (folder / "archive.dump").write_bytes(b"archive of")


def _lose(folder: Path) -> None:
    (folder / "archive.dump").unlink()


def _lose_manifest(folder: Path) -> None:
    (folder / "manifest.json").unlink()


def _edit_manifest(folder: Path) -> None:
    path = folder / "manifest.json"
    path.write_text(path.read_text().replace('"shop"', '"crm"'))


def _empty_manifest(folder: Path) -> None:
    (folder / "manifest.json").write_text("")


def _rename(folder: Path) -> None:
    folder.rename(folder.parent / OTHER)


def _undated(folder: Path) -> None:
    text = manifest(created_at="yesterday").to_json()
    (folder / "manifest.json").write_text(text)


@pytest.mark.parametrize(
    ("damage", "reason"),
    [
        (_cut, "archive.dump has 10 bytes and should have 19"),
        (_lose, "archive.dump is missing"),
        (_lose_manifest, "it has no manifest"),
        (_edit_manifest, "its manifest is not what was written"),
        (_empty_manifest, "its manifest is no JSON"),
        (_rename, f"its manifest is that of {ID!r}"),
        (_undated, "does not say when it was made"),
    ],
)
def test_damaged_backup_is_named_and_the_others_are_listed(
    tmp_path: Path, damage: Callable[[Path], None], reason: str
) -> None:
    where = storage(tmp_path)
    publish(where, OLDER)
    publish(where)
    damage(tmp_path / "backups" / ID)

    listing = where.list()

    assert [one.id for one in listing] == [OLDER]
    assert len(listing.damaged) == 1
    assert reason in listing.damaged[0].reason


def test_foreign_files_beside_the_backups_are_nobody_elses_business(tmp_path: Path) -> None:
    publish(storage(tmp_path))
    (tmp_path / "backups" / "lost+found").mkdir()
    (tmp_path / "backups" / "notes.txt").write_text("call the dentist")

    listing = storage(tmp_path).list()

    assert [one.id for one in listing] == [ID]
    assert listing.damaged == ()


@pytest.mark.parametrize(
    ("wanted", "found"),
    [(ID, ID), ("20261122T1430", ID), ("20261121", OLDER), ("latest", OTHER)],
)
def test_backup_is_found_by_id_prefix_or_as_the_latest(
    three: Storage, wanted: str, found: str
) -> None:
    assert three.find(wanted).id == found


def test_latest_of_a_database_is_not_that_of_another(three: Storage) -> None:
    assert three.find("latest", subject=Subject("shop"), environment="testing").id == ID


@pytest.mark.parametrize(
    ("wanted", "code", "words"),
    [
        ("20261122T", "backup_ambiguous", "fits 2 backups"),
        ("20261122T143000Z-shop-7e01e2", "backup_not_found", ID),
        ("nonsense", "backup_not_found", "backup list"),
        ("", "backup_not_found", "backup list"),
    ],
)
def test_what_is_not_found_names_the_nearest(
    three: Storage, wanted: str, code: str, words: str
) -> None:
    with pytest.raises(Veto) as veto:
        three.find(wanted)

    assert veto.value.code == code
    assert words in f"{veto.value.reason} {veto.value.hint}"


def test_latest_of_an_environment_without_backups_is_not_found(three: Storage) -> None:
    with pytest.raises(Veto, match="no backup of shop in production"):
        three.find("latest", subject=Subject("shop"), environment="production")


def test_damaged_backup_says_so_when_it_is_asked_for(three: Storage, tmp_path: Path) -> None:
    _cut(tmp_path / "backups" / ID)

    with pytest.raises(Veto, match="has 10 bytes") as veto:
        three.find(ID)

    assert veto.value.code == "backup_damaged"


def test_opened_backup_is_its_own_folder(three: Storage, tmp_path: Path) -> None:
    with three.opened(three.find(ID)) as folder:
        assert folder == tmp_path / "backups" / ID

    assert (tmp_path / "backups" / ID / "archive.dump").is_file()


def test_changed_byte_is_found_when_the_backup_is_opened(three: Storage, tmp_path: Path) -> None:
    """Of the same length: the list does not read what may be a terabyte."""
    (tmp_path / "backups" / ID / "archive.dump").write_bytes(b"Archive of the shop")

    with pytest.raises(Veto, match=r"archive\.dump is not what was written") as veto:
        _open(three)

    assert veto.value.code == "backup_damaged"


def test_deleted_backup_is_gone_and_the_others_stay(three: Storage, tmp_path: Path) -> None:
    three.delete(three.find(ID))

    assert names(tmp_path / "backups") == [OLDER, OTHER]


def test_half_deleted_backup_never_looks_like_one(
    three: Storage, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(path: Path) -> None:
        raise PermissionError(1, "Operation not permitted", str(path))

    doomed = three.find(ID)
    monkeypatch.setattr(shutil, "rmtree", fail)

    with pytest.raises(PermissionError):
        three.delete(doomed)

    assert [one.id for one in three.list()] == [OTHER, OLDER]
    assert three.list().damaged == ()


_KILLED = """
import os, signal, sys
from pathlib import Path
from tests.support.stores import storage
with storage(Path(sys.argv[1])).draft(sys.argv[2]) as draft:
    (draft.folder / "archive.dump").write_bytes(b"half")
    print("drafted", flush=True)
    signal.pause()
"""


def test_what_a_killed_run_left_is_swept_once_it_is_dead(tmp_path: Path) -> None:
    with _maker(tmp_path) as maker:
        while_it_lives = storage(tmp_path).sweep("shop")
        maker.send_signal(signal.SIGKILL)
        maker.wait()

    assert while_it_lives == ()
    assert names(tmp_path / "backups") == [f"{ID}.partial"]
    assert storage(tmp_path).sweep("crm") == ()
    assert storage(tmp_path).sweep("shop") == (f"{ID}.partial",)
    assert names(tmp_path / "backups") == []


def test_folder_that_was_just_made_is_not_swept(tmp_path: Path) -> None:
    """Its maker may be about to take the lock."""
    folder = tmp_path / "backups" / f"{ID}.partial"
    folder.mkdir(parents=True)

    fresh = storage(tmp_path).sweep("shop")
    os.utime(folder, (0, 0))

    assert fresh == ()
    assert storage(tmp_path).sweep("shop") == (folder.name,)


def test_sweep_leaves_backups_and_foreign_folders_alone(three: Storage, tmp_path: Path) -> None:
    (tmp_path / "backups" / "download.partial").mkdir()
    os.utime(tmp_path / "backups" / "download.partial", (0, 0))

    assert three.sweep("shop") == ()
    assert names(tmp_path / "backups") == [OLDER, ID, OTHER, "download.partial"]


def test_database_is_known_by_its_whole_name_in_an_id() -> None:
    assert is_of(ID, "shop")
    assert is_of(f"{ID}.1234abcd.partial", "shop")
    assert not is_of(ID, "sho")
    assert not is_of("20261122T143000Z-shop_2-7e01e1", "shop")


def test_hopeless_lack_of_space_is_refused_at_once(tmp_path: Path) -> None:
    with pytest.raises(Veto, match=" free; a ") as veto:
        require_space(tmp_path, 2**62)

    assert "plugins.backup.directory" in veto.value.hint


def test_space_that_may_do_is_not_refused(tmp_path: Path) -> None:
    """A wrong refusal is worse than a full disk, which is handled as well."""
    free = shutil.disk_usage(tmp_path).free

    require_space(tmp_path, free * 20)


@pytest.mark.parametrize("field", ["directory", "pg_bin"])
def test_tilde_is_the_home_folder(field: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """In a file no shell spells it out; a folder named `~` is deleted together with one's home."""
    monkeypatch.setenv("HOME", "/home/sofia")

    assert getattr(Config(**{field: "~/pg"}), field) == Path("/home/sofia/pg")


@pytest.fixture
def three(tmp_path: Path) -> Storage:
    """Return a storage with three backups."""
    where = storage(tmp_path)
    for backup_id in (OLDER, ID, OTHER):
        publish(where, backup_id)
    return where


def _open(where: Storage) -> None:
    with where.opened(where.find(ID)):
        pytest.fail("a damaged backup was opened")


def _maker(root: Path) -> subprocess.Popen[str]:
    """Start a process that makes a draft and waits."""
    maker = subprocess.Popen(
        [sys.executable, "-c", _KILLED, str(root), ID],
        cwd=Path(__file__).parents[4],
        stdout=subprocess.PIPE,
        text=True,
    )
    assert maker.stdout is not None
    assert maker.stdout.readline() == "drafted\n"
    return maker


def test_listing_does_not_steer_the_terminal(tmp_path: Path) -> None:
    where = storage(tmp_path)
    publish(where, environment="\x1b]0;owned\x07\x1b[2J", heads=("a\nb",))

    [row] = listing_rows(where.list(), tmp_path)

    assert "\\x1b" in "".join(row)
    assert "".join(row).isprintable()


def test_empty_list_names_the_folder_and_whether_it_is_there(tmp_path: Path) -> None:
    """A disk that is not mounted must not look like a team without backups."""
    missing = tmp_path / "not-mounted"

    assert listing_rows(Listing(()), tmp_path) == [(f"no backups in {tmp_path}",)]
    assert listing_rows(Listing(()), missing) == [(f"no folder {missing}",)]
