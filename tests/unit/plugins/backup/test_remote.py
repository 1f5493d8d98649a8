"""The second store, with stores that need no server: what holds for every driver."""

from __future__ import annotations

import importlib.util
import shutil
from typing import TYPE_CHECKING, Any
from uuid import uuid4

import pytest
from fsspec.implementations.local import LocalFileSystem
from pydantic import ValidationError

from plugins.backup import Config
from plugins.backup.store.drivers.url import secrets_in, shown_url
from plugins.backup.store.local import LocalStore
from sst.hooks import Veto
from tests.support.stores import ID, names, publish, storage

if TYPE_CHECKING:
    from pathlib import Path

    from plugins.backup.store.storage import Storage

OLDER = "20261121T080000Z-shop-aaaaaa"
SEVERAL = {"archive/toc.dat": b"toc", "archive/1.dat": b"1" * 2_000_000, "archive/2.dat": b"2"}


@pytest.fixture(params=["memory", "file"])
def url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """Return the URL of an empty store."""
    return (
        f"memory://{uuid4().hex}/shop" if request.param == "memory" else f"file://{tmp_path}/far"
    )


def test_backup_lies_in_both_places_and_opens_from_either(url: str, tmp_path: Path) -> None:
    where = storage(tmp_path, upload_to=url)

    stored = publish(where, files=SEVERAL)
    here = _content(where, stored.id)
    shutil.rmtree(tmp_path / "backups")

    assert stored.stores == ("local", url)
    assert where.find("latest").stores == (url,)
    assert _content(where, stored.id) == here == SEVERAL


def test_local_copy_goes_when_it_is_not_wanted(url: str, tmp_path: Path) -> None:
    where = storage(tmp_path, upload_to=url, keep_local=False)

    stored = publish(where)

    assert stored.stores == (url,)
    assert stored.uri == f"{url}/{ID}"
    assert names(tmp_path / "backups") == []
    assert list(where.list()) == [stored]


def test_damaged_local_copy_is_replaced_by_the_far_one(url: str, tmp_path: Path) -> None:
    where = storage(tmp_path, upload_to=url)
    publish(where, files=SEVERAL)
    (tmp_path / "backups" / ID / "archive/2.dat").write_bytes(b"3")

    assert _content(where, ID) == SEVERAL


def test_same_id_with_other_content_is_named(url: str, tmp_path: Path) -> None:
    publish(storage(tmp_path, upload_to=url, keep_local=False))
    publish(storage(tmp_path), heads=("b2",))

    listing = storage(tmp_path, upload_to=url).list()

    assert [one.stores for one in listing] == [("local",)]
    assert [(one.store, one.id) for one in listing.damaged] == [(url, ID)]


def test_id_that_is_there_already_is_not_touched(url: str, tmp_path: Path) -> None:
    publish(storage(tmp_path, upload_to=url, keep_local=False))
    again = storage(tmp_path, upload_to=url, directory="elsewhere")

    with pytest.raises(Veto, match="already"):
        publish(again, heads=("b2",))

    assert [one.manifest.heads for one in again.list()] == [("a1",)]
    assert names(tmp_path / "elsewhere") == []


def test_file_that_arrives_changed_refuses_the_backup(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The driver reports success; only reading it back tells."""

    def put_file(_: object, here: str, there: str, **__: Any) -> None:
        del here
        with open(there, "wb") as file:  # noqa: PTH123 - as the driver does
            file.write(b"Archive of the shop")

    monkeypatch.setattr(LocalFileSystem, "put_file", put_file)
    where = storage(tmp_path, upload_to=f"file://{tmp_path}/far")

    with pytest.raises(Veto, match="not there as it was sent") as veto:
        publish(where)

    assert veto.value.code == "upload_failed"
    assert names(tmp_path / "far") == names(tmp_path / "backups") == []


def test_far_copy_goes_when_the_local_one_cannot_be_kept(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The run is refused; its backup must not lie about somewhere."""

    def fail(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(LocalStore, "publish", fail)

    with pytest.raises(OSError, match="No space left"):
        publish(storage(tmp_path, upload_to=f"file://{tmp_path}/far"))

    assert names(tmp_path / "far") == names(tmp_path / "backups") == []


def test_store_that_forbids_to_delete_keeps_the_backup(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Keys that can only add are a defence against whoever takes over the server."""

    def mv(self: LocalFileSystem, old: str, new: str, **_: Any) -> None:
        self.copy(old, new)
        raise PermissionError("AccessDenied")

    monkeypatch.setattr(LocalFileSystem, "mv", mv)
    where = storage(tmp_path, upload_to=f"file://{tmp_path}/far", keep_local=False)

    stored = publish(where)

    assert list(where.list()) == [stored]


def test_folder_on_a_mounted_disk_is_the_owners_alone(tmp_path: Path) -> None:
    publish(storage(tmp_path, upload_to=f"file://{tmp_path}/far"), files=SEVERAL)

    assert (tmp_path / "far" / ID).stat().st_mode & 0o777 == 0o700


def test_silent_store_leaves_the_local_backups_usable_by_their_ids(tmp_path: Path) -> None:
    publish(storage(tmp_path))
    (tmp_path / "far").write_text("a file where the folder should be")
    where = storage(tmp_path, upload_to=f"file://{tmp_path}/far/shop")

    listing = where.list()

    assert [one.id for one in listing] == [ID]
    assert "cannot be listed" in listing.unreachable
    assert where.find(ID).id == ID
    with pytest.raises(Veto) as veto:
        where.find("latest")
    assert veto.value.code == "storage_unreachable"


def test_sweep_that_cannot_reach_the_store_changes_nothing(tmp_path: Path) -> None:
    (tmp_path / "far").write_text("a file where the folder should be")

    assert storage(tmp_path, upload_to=f"file://{tmp_path}/far/shop").sweep("shop") == ()


@pytest.mark.parametrize(
    ("url", "package", "words"),
    [
        ("s3://bucket/shop", "s3fs", "s3:// needs the package s3fs; run `pip install s3fs`"),
        ("gs://bucket/shop", "gcsfs", "the extra 'gcs'"),
        ("sftp://host/shop", "paramiko", "run `pip install paramiko` (the extra 'sftp'"),
        ("s3://bucket/shop", "fsspec", "needs the package fsspec"),
        ("abfs://bucket/shop", "adlfs", "run `pip install adlfs`"),
    ],
)
def test_missing_driver_is_one_line_that_names_the_package(
    url: str, package: str, words: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    real = importlib.util.find_spec
    monkeypatch.setattr(
        importlib.util, "find_spec", lambda name: None if name == package else real(name)
    )

    with pytest.raises(ValidationError) as error:
        Config(upload_to=url)

    [problem] = error.value.errors()
    assert words in problem["msg"]
    assert "\n" not in problem["msg"]


@pytest.mark.parametrize(
    ("settings", "words"),
    [
        ({"upload_to": "/mnt/backups"}, "is not a URL"),
        ({"upload_to": "s4://bucket"}, "no driver is known for s4://"),
        ({"upload_to": "zip://x::s3://b"}, "chains several stores"),
        ({"keep_local": False}, "needs upload_to"),
        ({"keep_last": 0}, "greater than or equal to 1"),
    ],
)
def test_settings_that_cannot_work_are_refused(settings: dict[str, Any], words: str) -> None:
    with pytest.raises(ValidationError, match=words):
        Config(**settings)


@pytest.mark.parametrize(
    ("url", "shown"),
    [
        ("s3://bucket/pre/fix/", "s3://bucket/pre/fix"),
        ("sftp://me:c4n4ry@host:22/x", "sftp://me@host:22/x"),
        ("sftp://me:c4n4ry%40@[::1]/x", "sftp://me@[::1]/x"),
        ("az://box/x?sig=c4n4ry", "az://box/x"),
    ],
)
def test_url_is_shown_without_what_it_hides(url: str, shown: str) -> None:
    assert shown_url(url) == shown


def test_what_a_driver_says_is_repeated_without_secrets(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def ls(*_: object, **__: object) -> None:
        raise OSError("login with c4n4ry-key and c4n4ry-token failed at https://store")

    monkeypatch.setattr(LocalFileSystem, "ls", ls)
    hidden = {"auto_mkdir": True, "key": "c4n4ry-key", "deep": [{"token": "c4n4ry-token"}]}
    where = storage(tmp_path, upload_to=f"file://{tmp_path}/far", upload_options=hidden)

    with pytest.raises(Veto) as veto:
        publish(where)

    assert "c4n4ry" not in f"{veto.value.reason}{veto.value.hint}{where.list().unreachable}"
    assert "at https://store" in veto.value.reason


def test_address_is_no_secret_and_a_password_in_the_url_is_one() -> None:
    options = {"key": "k", "client_kwargs": {"endpoint_url": "https://store"}, "port": 22}

    assert secrets_in("sftp://me:pw@host/x", options) == {"pw", "k"}


def test_every_place_of_a_secret_is_known() -> None:
    """A token in a query, a password in an endpoint's address, or one of digits alone."""
    options = {"password": 123456789, "endpoint_url": "https://me:c4n4ry@proxy"}

    found = secrets_in("https://me:p%40ss@host/x?sig=t0k3n", options)

    assert found == {"p%40ss", "p@ss", "sig=t0k3n", "t0k3n", "123456789", "c4n4ry"}


def test_settings_never_show_their_secrets() -> None:
    config = Config(
        upload_to="memory://me:c4n4ry@x",
        upload_options={"key": "c4n4ry"},
        verify_database_url="postgresql://u:c4n4ry@h/d",
    )

    assert "c4n4ry" not in repr(config)
    assert "c4n4ry" not in str(config)


def _content(where: Storage, wanted: str) -> dict[str, bytes]:
    with where.opened(where.find(wanted)) as folder:
        return {
            str(path.relative_to(folder)): path.read_bytes()
            for path in sorted((folder / "archive").iterdir())
        }
