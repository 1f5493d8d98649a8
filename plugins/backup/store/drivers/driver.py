"""The questions to a driver, with the answers for a store that has folders."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence


@dataclass(frozen=True, slots=True)
class Driver:
    """One kind of store; *fs* is always its file system, as fsspec has opened it."""

    package: str = ""
    """The package that does the work; without it, the one that fsspec names."""
    extra: str = ""
    """The extra of this project that brings the package."""

    def transfer_arguments(self, largest_bytes: int) -> dict[str, Any]:
        """Return arguments that keep a transfer of files up to *largest_bytes* small in memory."""
        del largest_bytes
        return {}

    def make_folder(self, fs: Any, path: str) -> None:  # noqa: ANN401 - fsspec has no types
        """Make the folder *path*, for its owner only where the store knows owners."""
        fs.makedirs(path, exist_ok=True)

    def is_empty(self, fs: Any, root: str) -> bool:  # noqa: ANN401
        """Say whether *root*, which is not found, is a store without a backup yet."""
        del fs, root
        return True

    def describe(self, fs: Any, paths: Sequence[str], root: str) -> Mapping[str, Any]:  # noqa: ANN401
        """Return `type` and `size` of those of *paths* that exist; *root* is above them all."""
        del root
        found = {path: self._info(fs, path) for path in paths}
        return {path: info for path, info in found.items() if info is not None}

    def forget_parts(self, fs: Any, root: str) -> None:  # noqa: ANN401
        """Remove what an unfinished upload has left in *root* beside its files."""

    def cut(self, fs: Any) -> None:  # noqa: ANN401
        """End the requests that hang, as far as the driver lets them be ended."""
        if fs.async_impl:
            fs.loop.call_soon_threadsafe(_cancel_all, fs.loop)

    def _info(self, fs: Any, path: str) -> Mapping[str, Any] | None:  # noqa: ANN401
        try:
            info: Mapping[str, Any] = fs.info(path)
        except FileNotFoundError:
            return None
        return info


def _cancel_all(loop: asyncio.AbstractEventLoop) -> None:
    for task in asyncio.all_tasks(loop):
        task.cancel()
