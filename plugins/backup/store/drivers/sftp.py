"""Folders of another machine, reached by SFTP."""

from __future__ import annotations

from typing import Any

from .driver import Driver


class Sftp(Driver):
    """A folder of a server, served by paramiko."""

    __slots__ = ()

    def make_folder(self, fs: Any, path: str) -> None:  # noqa: ANN401
        """Make the folder, for its owner only."""
        fs.makedirs(path, exist_ok=True)
        fs.ftp.chmod(path, 0o700)

    def cut(self, fs: Any) -> None:  # noqa: ANN401
        """Close the connection: what waits on it ends."""
        fs.client.close()
