"""Which driver serves which scheme, and whether its package is installed."""

from __future__ import annotations

import importlib.util
from typing import TYPE_CHECKING

from sst.hooks import install_advice

from .driver import Driver
from .local_file import LocalFile
from .object_store import ObjectStore
from .s3 import S3
from .sftp import Sftp
from .url import scheme_of

if TYPE_CHECKING:
    from collections.abc import Mapping

DRIVERS: Mapping[str, Driver] = {
    **dict.fromkeys(("s3", "s3a"), S3(package="s3fs", extra="s3")),
    **dict.fromkeys(("gs", "gcs"), ObjectStore(package="gcsfs", extra="gcs")),
    **dict.fromkeys(("az", "abfs", "oss", "oci", "tos"), ObjectStore()),
    **dict.fromkeys(("sftp", "ssh"), Sftp(package="paramiko", extra="sftp")),
    **dict.fromkeys(("file", "local"), LocalFile()),
}
"""By scheme; every other scheme that fsspec knows is a store with folders."""


def driver_of(url: str) -> Driver:
    """Return the driver for *url*."""
    return DRIVERS.get(scheme_of(url)) or Driver()


def require_driver(url: str) -> None:
    """Raise `ValueError`, in one line, when *url* is of no known kind or its package is missing.

    Nothing heavy is imported: settings are read by every command.
    """
    scheme = scheme_of(url)
    if not scheme:
        raise ValueError("is not a URL such as s3://bucket/prefix")
    if "::" in url:
        raise ValueError("chains several stores with '::'; give one")
    driver = driver_of(url)
    for needed in ("fsspec", driver.package or _package_of(scheme)):
        if needed and importlib.util.find_spec(needed) is None:
            advice = install_advice(needed, driver.extra)
            raise ValueError(f"{scheme}:// needs the package {needed}; {advice}")


def _package_of(scheme: str) -> str:
    if importlib.util.find_spec("fsspec") is None:
        return ""
    from fsspec.registry import known_implementations, registry

    if scheme in registry:
        return ""
    if scheme not in known_implementations:
        raise ValueError(f"no driver is known for {scheme}://")
    return str(known_implementations[scheme]["class"]).partition(".")[0]
