"""Encryption at rest: only the owner of an identity reads a backup, and says so when he cannot."""

from __future__ import annotations

import hashlib
import os
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any, BinaryIO

import pyrage
import pytest
from pydantic import SecretStr, ValidationError

from plugins.backup import Config
from plugins.backup.postgres.process import Deadline
from plugins.backup.store import encryption
from plugins.backup.store.encryption import encrypt
from sst.hooks import ConfigError, Veto
from tests.support.stores import ID, manifest, names, publish, storage

if TYPE_CHECKING:
    from collections.abc import Callable

    from plugins.backup.store.storage import Storage

FILES = {"archive/toc.dat": b"table of contents", "archive/1.dat": os.urandom(200_000)}
OTHER = "20261122T150000Z-shop-bbbbbb"
ME = pyrage.x25519.Identity.generate()
YOU = pyrage.x25519.Identity.generate()
STRANGER = pyrage.x25519.Identity.generate()
KEY_FILE = f"# created: 2026-11-22\n# public key: {ME.to_public()}\n{ME}\n"


def test_encrypted_backup_opens_for_its_identity(tmp_path: Path) -> None:
    """And leaves nothing readable behind."""
    where = _storage(tmp_path, identity=KEY_FILE)
    stored = publish(where, files=FILES)

    with where.opened(stored) as folder:
        content = {name: (folder / name).read_bytes() for name in FILES}
        modes = {path.stat().st_mode & 0o077 for path in (folder, *folder.rglob("*"))}

    assert content == FILES
    assert modes == {0}
    assert names(tmp_path / "backups") == [ID]


def test_what_belongs_to_the_name_is_encrypted_too(tmp_path: Path) -> None:
    """ALTER DATABASE SET and ALTER ROLE IN DATABASE SET hold keys and tokens of applications."""
    of_the_name = {"owner": "me", "settings": [["", "app.jwt_secret", "c4n4ry"]]}
    properties = {"encoding": "UTF8", "of_the_name": of_the_name}
    mine, other = _storage(tmp_path, identity=str(ME)), _storage(tmp_path, identity=str(STRANGER))

    stored = publish(mine, properties=properties)

    text = (tmp_path / "backups" / ID / "manifest.json").read_text()
    assert "c4n4ry" not in text
    assert "jwt" not in text
    assert mine.name_properties(mine.find(ID)) == of_the_name
    assert mine.find(ID).manifest.properties["encoding"] == "UTF8"
    with pytest.raises(Veto) as veto:
        other.name_properties(stored)
    assert veto.value.code == "backup_locked"


def test_only_encrypted_bytes_are_kept_and_the_manifest_is_of_them(tmp_path: Path) -> None:
    stored = publish(_storage(tmp_path), files=FILES)

    folder = tmp_path / "backups" / ID
    assert names(folder / "archive") == ["1.dat.age", "toc.dat.age"]
    assert stored.manifest.encryption == "age"
    for file in stored.manifest.files:
        content = (folder / file.name).read_bytes()
        assert content.startswith(b"age-encryption.org/v1\n")
        assert (len(content), hashlib.sha256(content).hexdigest()) == (
            file.size_bytes,
            file.sha256,
        )
    assert FILES["archive/toc.dat"] not in (folder / "archive/toc.dat.age").read_bytes()


def test_any_age_program_opens_a_file(tmp_path: Path) -> None:
    """Whoever has the key needs nothing of this project."""
    publish(_storage(tmp_path), files=FILES)

    sealed = (tmp_path / "backups" / ID / "archive/1.dat.age").read_bytes()

    assert pyrage.decrypt(sealed, [ME]) == FILES["archive/1.dat"]


def test_each_of_several_recipients_opens_a_backup(tmp_path: Path) -> None:
    both = [str(ME.to_public()), str(YOU.to_public())]
    stored = publish(_storage(tmp_path, recipients=both), files=FILES)

    for identity in (ME, YOU):
        with _storage(tmp_path, identity=str(identity)).opened(stored) as folder:
            assert (folder / "archive/toc.dat").read_bytes() == FILES["archive/toc.dat"]


def test_key_of_ssh_is_an_identity_too(tmp_path: Path) -> None:
    key = tmp_path / "key"
    subprocess.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", key], check=True)
    where = _storage(
        tmp_path, recipients=[key.with_suffix(".pub").read_text()], identity=key.read_text()
    )

    stored = publish(where)

    with where.opened(stored) as folder:
        assert (folder / "archive.dump").read_bytes() == b"archive of the shop"


def test_encrypted_backup_is_made_listed_and_deleted_without_the_identity(tmp_path: Path) -> None:
    """The server that makes backups need not be able to read them."""
    where = _storage(tmp_path)

    stored = publish(where)

    assert list(where.list()) == [stored]
    where.delete(stored)
    assert list(where.list()) == []


def test_missing_identity_is_a_setting_to_add(tmp_path: Path) -> None:
    where = _storage(tmp_path)
    publish(where)

    with pytest.raises(ConfigError) as error:
        _open(where)

    assert error.value.exit_code == 2
    assert "PLUGINS__BACKUP__IDENTITY_FILE" in str(error.value)


@pytest.mark.parametrize(
    "text",
    [
        *("AGE-SECRET-KEY-1C4N4RY", "c4n4ry", "# c4n4ry: a comment alone"),
        "-----BEGIN OPENSSH PRIVATE KEY-----\nc4n4ry",
    ],
)
def test_identity_that_is_none_is_not_repeated(text: str) -> None:
    """It is found while settings load: not by the restore that somebody needs at once."""
    with pytest.raises(ValidationError, match="no age private key") as error:
        Config.model_validate({"identity": text})

    assert "c4n4ry" not in str(error.value).lower()


def test_path_of_an_identity_is_told_where_it_belongs() -> None:
    with pytest.raises(ValidationError, match="set PLUGINS__BACKUP__IDENTITY_FILE"):
        Config.model_validate({"identity": "/run/secrets/identity"})


def test_wrong_identity_says_so_and_leaves_nothing_open(tmp_path: Path) -> None:
    where = _storage(tmp_path, identity=str(YOU))
    publish(where)

    with pytest.raises(Veto, match="not encrypted for this identity") as veto:
        _open(where)

    assert veto.value.code == "backup_locked"
    assert str(YOU) not in f"{veto.value.reason}{veto.value.hint}"
    assert names(tmp_path / "backups") == [ID]


@pytest.mark.parametrize(
    "change",
    [
        pytest.param(lambda sealed: sealed[:-5], id="cut off"),
        pytest.param(lambda sealed: sealed[:-1] + bytes([sealed[-1] ^ 1]), id="flipped"),
        pytest.param(lambda sealed: b"x" + sealed[1:], id="no age file"),
    ],
)
def test_sealed_file_that_was_changed_with_its_manifest_is_refused(
    tmp_path: Path, change: Callable[[bytes], bytes]
) -> None:
    """Who can write to the store can write a fitting manifest; the file itself is sealed."""
    where = _storage(tmp_path, identity=str(ME))
    stored = publish(where)
    folder = tmp_path / "backups" / ID
    changed = change((folder / "archive.dump.age").read_bytes())
    (folder / "archive.dump.age").write_bytes(changed)
    forged = manifest(files={"archive.dump.age": changed}, encryption=stored.manifest.encryption)
    (folder / "manifest.json").write_text(forged.to_json())

    with pytest.raises(Veto, match=r"archive\.dump\.age cannot be decrypted") as veto:
        _open(where)

    assert veto.value.code == "backup_damaged"
    assert names(tmp_path / "backups") == [ID]


@pytest.mark.parametrize(
    ("recipient", "words"),
    [
        ("age1nonsense", "number 1 is no age recipient"),
        (str(ME), "number 1 is a private key; its public key starts with age1"),
        ("ssh-rsa nonsense", "number 1 is no age recipient"),
    ],
    ids=["nonsense", "private key", "ssh"],
)
def test_wrong_recipient_is_refused_with_the_settings(recipient: str, words: str) -> None:
    with pytest.raises(ValidationError) as error:
        Config(recipients=(recipient,))

    assert words in str(error.value)
    assert recipient not in str(error.value)


def test_missing_package_is_named_with_the_settings(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "pyrage", None)

    with pytest.raises(ValidationError, match="pip install pyrage"):
        Config(recipients=(str(ME.to_public()),))


def test_full_disk_is_no_damage(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    where = _storage(tmp_path, identity=str(ME))
    stored = publish(where, files=FILES)
    monkeypatch.setattr(encryption, "_created", _full)

    with pytest.raises(Veto, match=r"cannot be opened: .*No space left") as opening:
        _open(where)
    with pytest.raises(Veto, match=r"could not be encrypted: .*No space left"):
        publish(where, OTHER, files=FILES)

    assert opening.value.code != "backup_damaged"
    assert list(where.list()) == [stored]


def test_encryption_that_takes_too_long_is_given_up(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "archive.dump")
    silent = os.open(tmp_path / "archive.dump", os.O_RDWR)

    try:
        with pytest.raises(Veto, match=r"could not be encrypted: not done after 0\.2 s"):
            encrypt(tmp_path, manifest(), [str(ME.to_public())], Deadline(0.2))
    finally:
        os.close(silent)


_BIG = """
import resource, sys
from pathlib import Path
import pyrage
from pydantic import SecretStr
from plugins.backup.store.encryption import decrypt, encrypt
from plugins.backup.postgres.process import Deadline
from tests.support.stores import manifest
from dataclasses import replace
folder = Path(sys.argv[1])
me = pyrage.x25519.Identity.generate()
file = replace(manifest().files[0], name="big")
before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
sealed = encrypt(folder, replace(manifest(), files=(file,)), [str(me.to_public())], Deadline(60))
(folder / "out").mkdir()
decrypt(folder, folder / "out", sealed, SecretStr(str(me)), Deadline(60))
print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before)
"""


def test_memory_does_not_grow_with_the_file(tmp_path: Path) -> None:
    with (tmp_path / "big").open("wb") as file:
        file.truncate(200_000_000)

    grown = subprocess.run(
        [sys.executable, "-c", _BIG, str(tmp_path)],
        cwd=Path(__file__).parents[4],
        check=True,
        capture_output=True,
        text=True,
    ).stdout

    assert (tmp_path / "out" / "big").stat().st_size == 200_000_000
    assert int(grown) < 30_000


def _storage(root: Path, **settings: Any) -> Storage:
    identity = settings.pop("identity", None)
    return storage(
        root,
        **{"recipients": (str(ME.to_public()),), **settings},
        identity=SecretStr(identity) if identity else None,
    )


def _full(path: Path) -> BinaryIO:
    del path
    return Path("/dev/full").open("wb")


def _open(where: Storage) -> None:
    with where.opened(where.find(ID)):
        pytest.fail("an encrypted backup was opened")
