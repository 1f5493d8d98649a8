"""Which package serves which kind of URL, and what of a URL may be shown."""

from __future__ import annotations

import importlib.util
import logging
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qsl, unquote, urlsplit

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

# The schemes that have an extra in pyproject.toml: its name, and the package that does the work.
_EXTRAS = {
    "s3": ("s3", "s3fs"),
    "s3a": ("s3", "s3fs"),
    "gs": ("gcs", "gcsfs"),
    "gcs": ("gcs", "gcsfs"),
    "sftp": ("sftp", "paramiko"),
    "ssh": ("sftp", "paramiko"),
}
# No folders there: to create one would be to create a bucket that nobody has asked for.
_OBJECT_STORES = frozenset({"s3", "s3a", "gs", "gcs", "az", "abfs", "oss", "oci", "tos"})
_ADDRESSES = ("endpoint_url", "region_name", "host", "username")
_CHUNK_BYTES = 8 * 2**20
_MOST_PARTS = 10_000
# TOML reads a password of digits as a number; a port or a timeout is a smaller one.
_LEAST_SECRET_NUMBER = 100_000
# At DEBUG they log what they send: headers with tokens, signatures, whole requests.
_TALKATIVE = (
    *("aiobotocore", "botocore", "boto3", "s3fs", "gcsfs", "google", "adlfs", "azure"),
    *("fsspec", "paramiko", "urllib3", "requests"),
)


def silence_drivers() -> None:
    """Let drivers log warnings only: the log knows our settings' secrets, not a role's token."""
    for name in _TALKATIVE:
        logging.getLogger(name).setLevel(logging.WARNING)


def scheme_of(url: str) -> str:
    """Return `s3` of `s3://bucket/prefix`; nothing when it is no URL."""
    scheme, found, _ = url.partition("://")
    return scheme.lower() if found else ""


def has_folders(url: str) -> bool:
    """Say whether a folder must be made there before a file can lie in it."""
    return scheme_of(url) not in _OBJECT_STORES


def transfer_arguments(url: str, largest_bytes: int) -> dict[str, Any]:
    """Return what keeps an upload of files up to *largest_bytes* small in memory.

    s3fs holds ten parts of 50 MB for each file by itself.
    """
    if scheme_of(url) not in ("s3", "s3a"):
        return {}
    chunk = max(_CHUNK_BYTES, -(-largest_bytes // _MOST_PARTS))
    return {"chunksize": chunk, "max_concurrency": 4, "batch_size": 4}


def require_driver(url: str) -> None:
    """Raise `ValueError`, in one line, when *url* is of no known kind or its package is missing.

    Nothing heavy is imported: settings are read by every command.
    """
    scheme = scheme_of(url)
    if not scheme:
        raise ValueError("is not a URL such as s3://bucket/prefix")
    if "::" in url:
        raise ValueError("chains several places with '::'; give one")
    extra, package = _EXTRAS.get(scheme) or ("", "")
    for needed in ("fsspec", package or _package_of(scheme)):
        if needed and importlib.util.find_spec(needed) is None:
            raise ValueError(
                f"{scheme}:// needs the package {needed}; {_installation(extra, needed)}"
            )


def shown_url(url: str) -> str:
    """Return *url* without password, query and a slash at its end."""
    parts = urlsplit(url)
    user, at, host = parts.netloc.rpartition("@")
    return f"{parts.scheme}://{user.partition(':')[0]}{at}{host}{parts.path}".rstrip("/")


def secrets_in(url: str, options: Mapping[str, Any]) -> frozenset[str]:
    """Return every text of *url* and *options* that an error of a driver may not repeat."""
    return frozenset({*_hidden(url), *_texts(options)} - {""})


def _hidden(url: str) -> Iterator[str]:
    """Yield the password of *url*, as it is written and as it is meant, and its query."""
    parts = urlsplit(url)
    password = parts.netloc.rpartition("@")[0].partition(":")[2]
    values = (value for _, value in parse_qsl(parts.query))
    yield from (password, unquote(password), parts.query, *values)


def _texts(value: object) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, int) and value >= _LEAST_SECRET_NUMBER:
        yield str(value)
    elif isinstance(value, dict):
        # An address is what an error message is about, and no secret; what it holds may be.
        addresses = [part for name, part in value.items() if name in _ADDRESSES]
        yield from (text for part in addresses for text in _hidden(str(part)))
        yield from _texts([part for name, part in value.items() if name not in _ADDRESSES])
    elif isinstance(value, list | tuple):
        for part in value:
            yield from _texts(part)


def _package_of(scheme: str) -> str:
    if importlib.util.find_spec("fsspec") is None:
        return ""
    from fsspec.registry import known_implementations, registry

    if scheme in registry:
        return ""
    if scheme not in known_implementations:
        raise ValueError(f"no driver is known for {scheme}://")
    return str(known_implementations[scheme]["class"]).partition(".")[0]


def _installation(extra: str, package: str) -> str:
    return f"run `pip install {package}`" + (
        f" (the extra {extra!r} of pyproject.toml)" if extra else ""
    )
