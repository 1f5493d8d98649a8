"""What lies in a folder of backups and is none: named as damaged, no crash and no wait."""

from __future__ import annotations

import json
import os
import pwd
import shutil
import tempfile
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from plugins.backup.commands.texts import listing_data, listing_rows
from plugins.backup.manifest import manifest as sealing
from plugins.backup.manifest.manifest import LARGEST_MANIFEST, Manifest
from plugins.backup.manifest.subject import Subject
from plugins.backup.store.retention import Rules, Scope, prune
from sst.hooks import Veto
from tests.support.stores import ID, manifest, publish, storage

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from plugins.backup.store.storage import Storage

OLDER = "20261121T080000Z-shop-aaaaaa"


def _sealed(**changes: Any) -> str:
    """Return a manifest with *changes* whose checksum fits: whoever writes one can do that."""
    values = {**json.loads(manifest().to_json()), **changes}
    values.pop("checksum")
    return json.dumps({**values, "checksum": sealing._checksum(values)})


def _pipe(path: Path) -> None:
    os.mkfifo(path)


def _folder(path: Path) -> None:
    path.mkdir()


def _device(path: Path) -> None:
    path.symlink_to("/dev/zero")


def _loop(path: Path) -> None:
    path.symlink_to(path.name)


def _nowhere(path: Path) -> None:
    path.symlink_to("/nowhere/at/all")


def _enormous(path: Path) -> None:
    path.touch()
    os.truncate(path, 2**40)


def _large(path: Path) -> None:
    path.write_bytes(b" " * (LARGEST_MANIFEST + 1))


ODD_FILES = [_pipe, _folder, _device, _loop, _nowhere, _enormous, _large]
ODD_TEXTS = {
    "first year": _sealed(created_at="0001-01-01T00:00:00+14:00"),
    "last year": _sealed(created_at="9999-12-31T23:59:59-14:00"),
    "no moment": _sealed(created_at="2026-02-30T00:00:00Z"),
    "latin": manifest().to_json().replace("testing", "tästing").encode("latin-1"),
    "zeros": b"\0" * 64,
    "not a number": _sealed(properties={"x": float("nan")}),
    "endless": _sealed(properties={"x": float("inf")}),
    "many digits": _sealed(database_bytes=10**4000),
    "too many digits": '{"id": ' + "9" * 5000 + "}",
    "size": _sealed(files=[{"name": "archive.dump", "size_bytes": 10**400, "sha256": "aa"}]),
    "deep": "[" * 100_000,
    "deep in a key": _sealed(properties={"x": [[]]}).replace("[[]]", "[" * 400 + "]" * 400),
    "surrogate": _sealed(environment="\ud800"),
    "truth": _sealed(schema_version="1"),
    "number": _sealed(system_identifier=7312345678901234567),
    "name": _sealed(cluster=["db"]),
}


@pytest.fixture(params=["local", "far"])
def place(request: pytest.FixtureRequest, tmp_path: Path) -> tuple[Storage, Path]:
    """Return a storage with one good backup, and the folder of a second one beside it."""
    if request.param == "local":
        where, root = storage(tmp_path), tmp_path / "backups"
    else:
        where = storage(tmp_path, upload_to=f"file://{tmp_path}/far", keep_local=False)
        root = tmp_path / "far"
    publish(where, OLDER)
    publish(where)
    (root / ID / "manifest.json").unlink()
    return where, root / ID


def _is_named_beside_the_others(where: Storage, tmp_path: Path) -> None:
    listing = where.list()
    assert not listing.unreachable
    assert [one.id for one in listing] == [OLDER]
    assert [one.id for one in listing.damaged] == [ID]
    assert ID in {cell for row in listing_rows(listing, tmp_path) for cell in row}
    json.dumps(listing_data(listing), allow_nan=False).encode()
    with pytest.raises(Veto) as veto:
        where.find(ID)
    assert veto.value.code == "backup_damaged"


@pytest.mark.parametrize("make", ODD_FILES, ids=lambda make: make.__name__.strip("_"))
def test_what_is_no_file_is_a_damaged_backup(
    place: tuple[Storage, Path], tmp_path: Path, make: Callable[[Path], None]
) -> None:
    """A pipe would block until somebody writes, a device never end."""
    where, folder = place
    make(folder / "manifest.json")

    _is_named_beside_the_others(where, tmp_path)


@pytest.mark.parametrize("text", ODD_TEXTS.values(), ids=ODD_TEXTS.keys())
def test_strange_manifest_is_a_damaged_backup(
    place: tuple[Storage, Path], tmp_path: Path, text: str | bytes
) -> None:
    where, folder = place
    (folder / "manifest.json").write_bytes(
        text if isinstance(text, bytes) else text.encode(errors="surrogatepass")
    )

    _is_named_beside_the_others(where, tmp_path)


@pytest.mark.parametrize("make", [_pipe, _folder, _device, _loop], ids=lambda it: it.__name__)
def test_dump_that_is_no_file_is_a_damaged_backup(
    tmp_path: Path, make: Callable[[Path], None]
) -> None:
    where = storage(tmp_path)
    stored = publish(where)
    archive = tmp_path / "backups" / ID / "archive.dump"
    archive.unlink()
    make(archive)

    [damaged] = where.list().damaged
    with pytest.raises(Veto) as veto, where.opened(stored):
        pytest.fail("it was opened")

    assert damaged.id == ID
    assert veto.value.code == "backup_damaged"


def test_id_that_no_calendar_has_stops_no_sweep(tmp_path: Path) -> None:
    """Somebody may call a folder so; the others that did not end are removed all the same."""
    where = storage(tmp_path, upload_to=f"file://{tmp_path}/far", keep_local=False)
    planted = tmp_path / "far" / "20269999T999999Z-shop-aaaaaa"
    left = tmp_path / "far" / "20200101T000000Z-shop-bbbbbb"
    for folder in (planted, left):
        folder.mkdir(parents=True)
        (folder / "archive.dump").write_bytes(b"half")

    assert where.sweep("shop") == (left.name,)
    assert planted.exists()


def test_longest_time_that_can_be_set_keeps_all(tmp_path: Path) -> None:
    where = storage(tmp_path)
    publish(where)

    rules = Rules.of(storage(tmp_path, keep_days=36_500)._settings)

    assert prune(where, rules, (), Scope(Subject("shop"), "testing")).removed == ()
    with pytest.raises(ValueError, match="keep_days"):
        storage(tmp_path, keep_days=10**9)


def test_folder_that_only_root_may_enter_is_nobody_elses_business() -> None:
    """`lost+found` on a disk of its own."""
    root = Path(tempfile.mkdtemp())
    try:
        closed = root / "backups" / "lost+found"
        closed.mkdir(parents=True)
        for path in (root, root / "backups"):
            path.chmod(0o755)
        closed.chmod(0)
        with _somebody_else():
            assert list(storage(root).list()) == []
    finally:
        shutil.rmtree(root)


@contextmanager
def _somebody_else() -> Iterator[None]:
    """Be an ordinary user for the body; whoever is one already stays it."""
    if os.geteuid() != 0:
        yield
        return
    os.seteuid(pwd.getpwnam("nobody").pw_uid)
    try:
        yield
    finally:
        os.seteuid(0)


_json = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats()
    | st.text()
    | st.sampled_from(["0001-01-01T00:00:00+14:00", "9999-12-31T23:59:59-14:00", "custom"]),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=8,
)
_keys = st.sampled_from(sorted(json.loads(manifest().to_json())))


@settings(suppress_health_check=[HealthCheck.too_slow])
@given(st.dictionaries(_keys, _json, max_size=3))
def test_any_manifest_is_read_or_refused(changes: dict[str, Any]) -> None:
    """With a seal that fits: it proves nothing about who has written it."""
    read = None
    with suppress(Veto):
        read = Manifest.from_json(_sealed(**changes))
        _ = read.made_at

    if read:
        assert Manifest.from_json(read.to_json()) == read
        assert read.size_bytes >= 0


@given(st.binary(max_size=200))
def test_any_bytes_are_a_damaged_manifest(content: bytes) -> None:
    with pytest.raises(Veto) as veto:
        Manifest.from_json(content)

    assert veto.value.code == "backup_damaged"
