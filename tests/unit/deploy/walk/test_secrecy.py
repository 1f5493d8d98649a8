"""The search for secrets finds one, wherever it lies in an image."""

from __future__ import annotations

import gzip
import io
import tarfile
from typing import TYPE_CHECKING

import pytest

from deploy.walk.parts import secrecy

if TYPE_CHECKING:
    from pathlib import Path

CANARY = b"0123456789abcdef"


def test_password_is_taken_out_of_a_url(tmp_path: Path) -> None:
    (tmp_path / "database_url.txt").write_text("postgresql://sst_user:word@db:5432/sst_platform")
    (tmp_path / "db_admin_password.txt").write_text("other\n")

    values = secrecy.secret_values(tmp_path)

    assert values == {"database_url.txt": b"word", "db_admin_password.txt": b"other"}


@pytest.mark.parametrize("pack", [bytes, gzip.compress], ids=["plain", "packed"])
def test_secret_in_a_layer_is_found(tmp_path: Path, pack: type[bytes]) -> None:
    archive = saved(tmp_path, pack(b"x" * 100 + CANARY + b"y" * 100))

    assert secrecy.search_image(archive, [CANARY, b"absent"]) == {CANARY}


def test_secret_across_two_sections_is_found(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(secrecy, "_SECTION_BYTES", len(CANARY))
    archive = saved(tmp_path, b"x" * 7 + CANARY + b"y" * 7)

    assert secrecy.search_image(archive, [CANARY]) == {CANARY}


def saved(folder: Path, layer: bytes) -> Path:
    """Return an archive as `docker save` writes it, with one *layer*."""
    path = folder / "image.tar"
    with tarfile.open(path, "w") as archive:
        member = tarfile.TarInfo("blobs/sha256/0")
        member.size = len(layer)
        archive.addfile(member, io.BytesIO(layer))
    return path
