"""Stores of keys: they have no folders, only keys with slashes in them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from .driver import Driver

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence


class ObjectStore(Driver):
    """A bucket, and perhaps a prefix in it."""

    __slots__ = ()

    def make_folder(self, fs: Any, path: str) -> None:  # noqa: ANN401
        """Make nothing: to create a folder would be to create a bucket."""

    def is_empty(self, fs: Any, root: str) -> bool:  # noqa: ANN401
        """Say whether the bucket exists: a prefix begins to exist with its first key."""
        return bool(fs.exists(root.partition("/")[0]))

    def describe(self, fs: Any, paths: Sequence[str], root: str) -> Mapping[str, Any]:  # noqa: ANN401
        """Return `type` and `size` by one listing: it is cheaper than a question for each."""
        listed = fs.find(root, detail=True)
        return {path: listed[path] for path in paths if path in listed}
