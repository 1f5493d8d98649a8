"""Backups in an S3 store, over a wire that breaks: there is a whole one, or none."""

from __future__ import annotations

import os
import shutil
import socket
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import pytest

from plugins.backup.store import remote
from plugins.backup.store.remote import RemoteStore
from sst.hooks import Veto
from tests.support.object_store import KEY, SECRET, ObjectStore, Wire, options
from tests.support.stores import ID, names, publish, storage

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from plugins.backup.store.storage import Storage

# More than two chunks: the driver sends them one by one. Random: as dense as an archive.
BIG = {"archive/toc.dat": b"toc", "archive/1.dat": os.urandom(18_000_000)}
LATER = datetime(2026, 11, 30, tzinfo=UTC)


@pytest.fixture
def wire(store: ObjectStore) -> Iterator[Wire]:
    """Return a wire to the store."""
    with Wire(store.port) as wire:
        yield wire


def test_backup_is_uploaded_listed_and_fetched_when_the_local_copy_is_gone(
    store: ObjectStore, bucket: str, tmp_path: Path
) -> None:
    where = _storage(tmp_path, bucket, store.port)

    stored = publish(where, files=BIG)
    shutil.rmtree(tmp_path / "backups")
    found = where.find("latest")

    assert stored.stores == ("local", f"s3://{bucket}/shop")
    assert found.uri == f"s3://{bucket}/shop/{ID}"
    with where.opened(found) as folder:
        content = {name: (folder / name).read_bytes() for name in BIG}
    assert content == BIG
    assert names(tmp_path / "backups") == []
    assert store.keys(bucket) == [
        f"shop/{ID}/{name}" for name in ("archive/1.dat", "archive/toc.dat", "manifest.json")
    ]


def test_token_of_a_role_is_in_no_log_line(
    store: ObjectStore,
    bucket: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    """It comes from the environment or an instance's role: no setting's secret, and not masked."""
    keys = {"AWS_ACCESS_KEY_ID": KEY, "AWS_SECRET_ACCESS_KEY": SECRET}
    for name, value in {**keys, "AWS_SESSION_TOKEN": "c4n4ry"}.items():
        monkeypatch.setenv(name, value)
    caplog.set_level("DEBUG")
    found = options(store.port)
    del found["key"], found["secret"]

    publish(storage(tmp_path, upload_to=f"s3://{bucket}/shop", upload_options=found))

    assert store.keys(bucket)
    assert "c4n4ry" not in caplog.text


def test_deleted_backup_is_gone_from_the_store(
    store: ObjectStore, bucket: str, tmp_path: Path
) -> None:
    where = _storage(tmp_path, bucket, store.port, keep_local=False)
    stored = publish(where)

    where.delete(stored)

    assert store.keys(bucket) == []
    assert list(where.list()) == []


@pytest.mark.parametrize("cut", [True, False], ids=["cut", "stalled"])
def test_wire_that_breaks_in_the_middle_refuses_the_backup(
    store: ObjectStore,
    bucket: str,
    wire: Wire,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    *,
    cut: bool,
) -> None:
    """Nothing of it is a backup anywhere, then or later; what lies there is known and swept."""
    monkeypatch.setattr(remote, "_TIDY_SECONDS", 1.0)
    limit = 5.0 if not cut else 20.0
    where = _storage(tmp_path, bucket, wire.port, transfer_timeout_seconds=limit)
    wire.break_after(3_000_000, cut=cut)

    with pytest.raises(Veto) as veto:
        publish(where, files=BIG)

    wire.repair()
    assert wire.broke.is_set()
    assert veto.value.code == "upload_failed"
    assert names(tmp_path / "backups") == []
    listing = where.list()
    assert list(listing) == []
    assert {one.id for one in listing.damaged} <= {ID}
    _store(bucket, wire.port).sweep("shop", LATER)
    assert store.keys(bucket) == []
    assert store.parts(bucket) == []


def test_unfinished_upload_is_swept_only_when_it_cannot_be_going_on(
    store: ObjectStore, bucket: str
) -> None:
    """Another machine may upload for a database of the same name."""
    left = f"shop/{ID}/archive.dump"
    store.s3.put_object(Bucket=bucket, Key=left, Body=b"half")
    far = _store(bucket, store.port)

    early = far.sweep("shop", datetime(2026, 11, 22, 15, tzinfo=UTC))
    foreign = far.sweep("crm", LATER)

    assert early == foreign == ()
    assert store.keys(bucket) == [left]
    assert far.sweep("shop", LATER) == (ID,)
    assert store.keys(bucket) == []


def test_object_that_was_changed_is_not_restored_from(
    store: ObjectStore, bucket: str, tmp_path: Path
) -> None:
    where = _storage(tmp_path, bucket, store.port, keep_local=False)
    stored = publish(where)
    key = f"shop/{ID}/archive.dump"
    store.s3.put_object(Bucket=bucket, Key=key, Body=b"Archive of the shop")

    with pytest.raises(Veto, match=r"archive\.dump is not what was written"):
        _open(where)

    assert stored.stores == (f"s3://{bucket}/shop",)
    assert names(tmp_path / "backups") == []


def test_store_that_is_not_there_refuses_in_time_and_without_its_keys(tmp_path: Path) -> None:
    where = _storage(tmp_path, "nowhere", _nobodys_port(), transfer_timeout_seconds=20)

    with pytest.raises(Veto) as veto:
        publish(where)

    assert veto.value.code == "upload_failed"
    assert names(tmp_path / "backups") == []
    told = f"{veto.value.reason} {veto.value.hint}"
    assert KEY not in told
    assert SECRET not in told


def test_bucket_that_is_missing_is_not_created(store: ObjectStore, tmp_path: Path) -> None:
    """A wrong letter in a setting must not lead backups to a place that nobody knows."""
    where = _storage(tmp_path, "no-such-bucket", store.port)

    with pytest.raises(Veto) as veto:
        publish(where)

    buckets = [one["Name"] for one in store.s3.list_buckets()["Buckets"]]
    assert veto.value.code == "upload_failed"
    assert "no-such-bucket" not in buckets
    assert "no-such-bucket" in where.list().unreachable


def _storage(root: Path, bucket: str, port: int, **settings: Any) -> Storage:
    url = f"s3://{bucket}/shop"
    return storage(root, upload_to=url, upload_options=options(port), **settings)


def _store(bucket: str, port: int) -> RemoteStore:
    return RemoteStore(f"s3://{bucket}/shop", options(port), 20)


def _nobodys_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as briefly:
        port: int = briefly.getsockname()[1]
    return port


def _open(where: Storage) -> None:
    with where.opened(where.find(ID)):
        pytest.fail("a damaged backup was opened")
