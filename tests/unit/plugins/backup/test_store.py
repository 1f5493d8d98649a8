"""What `Storage` may expect of a store: each kind keeps the same promises."""

from __future__ import annotations

from typing import TYPE_CHECKING
from uuid import uuid4

import pytest

from plugins.backup.store.local import LocalStore
from plugins.backup.store.remote import RemoteStore
from plugins.backup.store.store import Scan
from sst.hooks import Veto
from tests.support.stores import ID, SMALL, manifest, names

if TYPE_CHECKING:
    from pathlib import Path

    from plugins.backup.store.store import Store


@pytest.fixture(params=["local", "memory", "file"])
def store(request: pytest.FixtureRequest, tmp_path: Path) -> Store:
    """Return an empty store of each kind."""
    if request.param == "local":
        (tmp_path / "backups").mkdir()
        return LocalStore(tmp_path / "backups")
    urls = {"memory": f"memory://{uuid4().hex}", "file": f"file://{tmp_path}/far"}
    return RemoteStore(urls[request.param], {}, 20)


def test_published_backup_is_listed_and_given_whole(store: Store, tmp_path: Path) -> None:
    _publish(store, tmp_path)

    folder = store.intact(manifest(), lambda: _folder(tmp_path / "scratch"))

    assert store.scan().manifests == (manifest(),)
    assert (folder / "archive.dump").read_bytes() == SMALL["archive.dump"]
    assert store.uri(ID).endswith(f"/{ID}")


def test_id_that_is_taken_is_refused(store: Store, tmp_path: Path) -> None:
    store.require_free(ID)
    _publish(store, tmp_path)

    with pytest.raises(Veto, match="already"):
        store.require_free(ID)


@pytest.mark.parametrize("way", ["remove", "discard"])
def test_removed_backup_is_gone(store: Store, tmp_path: Path, way: str) -> None:
    _publish(store, tmp_path)

    getattr(store, way)(ID)

    assert store.scan() == Scan()
    store.require_free(ID)


def test_complete_backup_is_not_swept(store: Store, tmp_path: Path) -> None:
    _publish(store, tmp_path)

    assert store.sweep("shop") == ()
    assert len(store.scan().manifests) == 1


def test_discarding_never_raises(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    """The error that refused the backup matters more."""
    (tmp_path / "file").write_text("no folder")

    LocalStore(tmp_path / "file").discard(ID)
    RemoteStore(f"file://{tmp_path}/file/x", {}, 20).discard(ID)

    assert [ID in line for line in caplog.messages] == [True, True]
    assert names(tmp_path) == ["file"]


def _publish(store: Store, tmp_path: Path) -> None:
    draft = _folder(tmp_path / "draft")
    (draft / "manifest.json").write_text(manifest().to_json())
    for name, content in SMALL.items():
        (draft / name).write_bytes(content)
    store.publish(draft, manifest())


def _folder(path: Path) -> Path:
    path.mkdir()
    return path
