"""Folders of this machine as a second store, such as a mounted disk."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any

from .driver import Driver

if TYPE_CHECKING:
    from collections.abc import Mapping


class LocalFile(Driver):
    """A folder, served by fsspec itself."""

    __slots__ = ()

    def make_folder(self, fs: Any, path: str) -> None:  # noqa: ANN401
        """Make the folder, for its owner only."""
        fs.makedirs(path, exist_ok=True)
        os.chmod(path, 0o700)  # noqa: PTH101 - the driver's own name for it

    def _info(self, fs: Any, path: str) -> Mapping[str, Any] | None:  # noqa: ANN401
        try:
            return Driver._info(self, fs, path)  # noqa: SLF001 - of its own class
        except OSError:
            # Such as a link to itself. Behind a network it would be the link that is down.
            return {"type": "other", "size": 0}
