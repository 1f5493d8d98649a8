"""The drivers of the kinds of URL: folders, parts of uploads, and ending a request."""

from __future__ import annotations

from typing import Any

import pytest

from plugins.backup.store.drivers.known import DRIVERS, driver_of
from plugins.backup.store.drivers.object_store import ObjectStore


class Recording:
    """A file system that notes the calls of its methods, with their arguments."""

    def __init__(self, name: str = "", calls: list[str] | None = None) -> None:
        self.calls = [] if calls is None else calls
        self._name = name

    def __getattr__(self, name: str) -> Recording:
        return Recording(f"{self._name}.{name}".lstrip("."), self.calls)

    def __call__(self, *arguments: Any, **_: Any) -> list[str]:
        self.calls.append(f"{self._name}{arguments}")
        return []


def test_folder_over_sftp_is_the_owners_alone() -> None:
    fs = Recording()

    driver_of("sftp://host/shop").make_folder(fs, "/shop/x")

    assert fs.calls == ["makedirs('/shop/x',)", "ftp.chmod('/shop/x', 448)"]


def test_request_that_hangs_over_sftp_ends_with_its_connection() -> None:
    fs = Recording()

    driver_of("ssh://host/shop").cut(fs)

    assert fs.calls == ["client.close()"]


@pytest.mark.parametrize("url", ["s3://bucket/shop", "gs://bucket/shop", "az://box/shop"])
def test_folder_of_keys_is_not_made(url: str) -> None:
    """To make it would be to make the bucket."""
    fs = Recording()

    driver_of(url).make_folder(fs, "bucket/shop")

    assert fs.calls == []


def test_prefix_is_empty_only_in_a_bucket_that_exists() -> None:
    fs = Recording()

    assert not ObjectStore().is_empty(fs, "no-such-bucket/shop")
    assert fs.calls == ["exists('no-such-bucket',)"]


@pytest.mark.parametrize(("largest", "chunk"), [(0, 2**23), (2**20, 2**23), (10**12, 10**8)])
def test_upload_to_s3_has_at_most_ten_thousand_parts(largest: int, chunk: int) -> None:
    assert driver_of("s3://bucket").transfer_arguments(largest)["chunksize"] == chunk


def test_scheme_without_a_line_of_its_own_is_a_store_with_folders() -> None:
    fs = Recording()

    driver_of("memory://shop").make_folder(fs, "/shop/x")

    assert "memory" not in DRIVERS
    assert fs.calls == ["makedirs('/shop/x',)"]
