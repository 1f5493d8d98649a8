"""Encryption at rest with age: each file as one stream, for any number of recipients.

The files are plain age files: `age --decrypt` opens them without this project. The manifest stays
readable, with its table names and row counts; its checksums are those of the encrypted bytes.
Sealed in it are the database's own properties: values of ALTER DATABASE SET may be secrets.
"""

from __future__ import annotations

import base64
import hashlib
import importlib.util
import io
import json
import os
from dataclasses import replace
from typing import TYPE_CHECKING, Any, BinaryIO, TypeVar

from sst.hooks import ConfigError, NoAnswerError, Problem, Veto, install_advice

from ..manifest.manifest import MANIFEST_NAME, NAME_PROPERTIES, ArchivedFile
from ..postgres.task import Watch, watched

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from pathlib import Path

    from pydantic import SecretStr

    from ..manifest.manifest import Manifest
    from ..postgres.process import Deadline

T = TypeVar("T")

AGE = "age"
SUFFIX = ".age"
_CHUNK_BYTES = 2**20
_SPACE = "free space on the disk of plugins.backup.directory, then try again"


def parse_recipients(recipients: Sequence[str]) -> list[Any]:
    """Return the public keys *recipients*, `age1...` or `ssh-ed25519 ...`.

    Raises `ValueError`, which does not repeat what it was given: it may be the private key.
    """
    _require_package()
    return [_recipient(text, number) for number, text in enumerate(recipients, 1)]


def parse_identities(text: str) -> list[Any]:
    """Return the private keys in *text*: one of OpenSSH, or lines of `AGE-SECRET-KEY-1...`.

    Raises `ValueError`, which does not repeat what it was given.
    """
    _require_package()
    import pyrage

    try:
        if "PRIVATE KEY-----" in text:
            return [pyrage.ssh.Identity.from_buffer(f"{text.strip()}\n".encode())]
        lines = [line.strip() for line in text.splitlines()]
        keys = [line for line in lines if line and not line.startswith("#")]
        found = [pyrage.x25519.Identity.from_str(key) for key in keys]
    except pyrage.IdentityError as error:
        raise ValueError(f"is no age private key ({error}){_in_a_file(text)}") from None
    if not found:
        raise ValueError("holds no age private key")
    return found


def encrypt(
    folder: Path, manifest: Manifest, recipients: Sequence[str], deadline: Deadline
) -> Manifest:
    """Replace each file of *manifest* in *folder* by its encrypted one; return the manifest of it.

    Raises `Veto` when the disk is full, or at the *deadline*.
    """
    keys = parse_recipients(recipients)
    files = tuple(_encrypt_file(folder, file, keys, deadline) for file in manifest.files)
    properties = _sealed(manifest.properties, keys)
    return replace(manifest, files=files, properties=properties, encryption=AGE)


def decrypt(
    folder: Path, target: Path, manifest: Manifest, identity: SecretStr | None, deadline: Deadline
) -> None:
    """Write the decrypted files of *manifest* in *folder* to *target*.

    Raises `ConfigError` without an *identity* or with one that is none, `Veto` when it is not of a
    recipient (code `backup_locked`), or when a file was changed (code `backup_damaged`).
    """
    keys = _identities(identity)
    for file in manifest.files:
        destination = target / file.name.removesuffix(SUFFIX)
        destination.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        _decrypt_file(folder / file.name, destination, keys, deadline)


def open_name_properties(manifest: Manifest, identity: SecretStr | None) -> Mapping[str, Any]:
    """Return the database's own properties, decrypted where they are sealed.

    Raises as `decrypt` does.
    """
    values = manifest.properties.get(NAME_PROPERTIES) or {}
    if not (manifest.encryption and isinstance(values, dict) and AGE in values):
        return values
    keys = _identities(identity)
    import pyrage

    try:
        plain = pyrage.decrypt(base64.b64decode(values[AGE]), keys)
        return dict(json.loads(plain))
    except (pyrage.DecryptError, TypeError, ValueError) as error:
        raise _unopened(MANIFEST_NAME, error) from None


def require_identity(manifest: Manifest, identity: SecretStr | None) -> None:
    """Raise `ConfigError` when *manifest* needs an *identity* that is not there."""
    if manifest.encryption:
        _identities(identity)


def _sealed(properties: Mapping[str, Any], keys: list[Any]) -> dict[str, Any]:
    import pyrage

    values = properties.get(NAME_PROPERTIES)
    if not values:
        return dict(properties)
    sealed = pyrage.encrypt(json.dumps(values).encode(), keys)
    return {**properties, NAME_PROPERTIES: {AGE: base64.b64encode(sealed).decode()}}


def _encrypt_file(
    folder: Path, file: ArchivedFile, keys: list[Any], deadline: Deadline
) -> ArchivedFile:
    import pyrage

    plain, sealed = folder / file.name, folder / f"{file.name}{SUFFIX}"

    def work(watch: Watch) -> _Digest:
        with plain.open("rb") as source, _created(sealed) as target:
            digest = _Digest(target)
            pyrage.encrypt_io(_Source(source, watch), digest, keys)
        return digest

    try:
        digest = _until(deadline, work)
    except (pyrage.EncryptError, OSError) as error:
        raise Veto(f"the backup could not be encrypted: {error}", _SPACE) from None
    plain.unlink()
    return ArchivedFile(f"{file.name}{SUFFIX}", digest.size_bytes, digest.sha256)


def _decrypt_file(sealed: Path, plain: Path, keys: list[Any], deadline: Deadline) -> None:
    import pyrage

    def work(watch: Watch) -> None:
        with sealed.open("rb") as source, _created(plain) as target:
            pyrage.decrypt_io(_Source(source, watch), target, keys)

    try:
        _until(deadline, work)
    except (pyrage.DecryptError, OSError) as error:
        raise _unopened(sealed.name, error) from None


def _until(deadline: Deadline, work: Callable[[Watch], T]) -> T:
    try:
        return watched(work, deadline)
    except NoAnswerError:
        raise TimeoutError(f"not done after {deadline.seconds:g} s") from None


def _unopened(name: str, error: Exception) -> Veto:
    reason = str(error)
    if "no matching keys" in reason.lower():
        return Veto(
            "the backup cannot be opened: it was not encrypted for this identity",
            "set PLUGINS__BACKUP__IDENTITY_FILE to the private key of one of its recipients",
            code="backup_locked",
        )
    # pyrage passes a fault of the disk through as `[Errno 28] ...`; a wrong file has other words.
    if "[Errno" in reason or isinstance(error, TimeoutError):
        return Veto(f"the backup cannot be opened: {reason}", _SPACE)
    return Veto(
        f"the backup is damaged: {name} cannot be decrypted ({reason})",
        "take another one: python migrate.py backup list",
        code="backup_damaged",
    )


def _created(path: Path) -> BinaryIO:
    """Open the new file *path*, readable by its owner only."""
    number = os.open(path, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600)
    return os.fdopen(number, "wb", buffering=_CHUNK_BYTES)


class _Source(io.RawIOBase):
    """Reads on until the work is abandoned."""

    def __init__(self, file: BinaryIO, watch: Watch) -> None:
        self._file = file
        self._watch = watch

    def read(self, size: int = -1) -> bytes:
        self._watch.check()
        return self._file.read(size)


class _Digest(io.RawIOBase):
    """Writes on to *file*, and knows the checksum of it."""

    def __init__(self, file: BinaryIO) -> None:
        self._file = file
        self._hash = hashlib.sha256()
        self.size_bytes = 0

    @property
    def sha256(self) -> str:
        return self._hash.hexdigest()

    def write(self, data: bytes) -> int:  # type: ignore[override]
        self._hash.update(data)
        self.size_bytes += len(data)
        return self._file.write(data)

    def flush(self) -> None:
        self._file.flush()


def _require_package() -> None:
    if importlib.util.find_spec("pyrage") is None:
        advice = install_advice("pyrage", "age")
        raise ValueError(f"encryption needs the package pyrage; {advice}")


def _recipient(text: str, number: int) -> Any:  # noqa: ANN401 - a type of pyrage
    import pyrage

    kind = pyrage.ssh if text.startswith("ssh-") else pyrage.x25519
    try:
        return kind.Recipient.from_str(text.strip())
    except pyrage.RecipientError as error:
        what = "is a private key; its public key starts with age1"
        if not text.strip().upper().startswith("AGE-SECRET-KEY"):
            what = f"is no age recipient ({error})"
        raise ValueError(f"number {number} {what}") from None


def _identities(identity: SecretStr | None) -> list[Any]:
    if identity is None:
        raise _no_identity("is not set, and this backup is encrypted")
    try:
        return parse_identities(identity.get_secret_value())
    except ValueError as error:
        raise _no_identity(str(error)) from None


def _in_a_file(text: str) -> str:
    is_path = text.strip().startswith(("/", "~", "."))
    return "; for the path of a file set PLUGINS__BACKUP__IDENTITY_FILE" if is_path else ""


def _no_identity(what: str) -> ConfigError:
    return ConfigError(
        [Problem("PLUGINS__BACKUP__IDENTITY", what)],
        "set PLUGINS__BACKUP__IDENTITY_FILE to the file of the private key, then try again",
    )
