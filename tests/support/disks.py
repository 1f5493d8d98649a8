"""A file system that is full soon."""

from __future__ import annotations

import subprocess
from contextlib import contextmanager
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


@contextmanager
def small_disk(folder: Path, *options: str, size: str = "512k") -> Iterator[None]:
    """Mount *size* bytes of memory at *folder*, and unmount it at the end; needs root."""
    words = ",".join([f"size={size}", *options])
    subprocess.run(["mount", "-t", "tmpfs", "-o", words, "tmpfs", str(folder)], check=True)
    try:
        yield
    finally:
        subprocess.run(["umount", str(folder)], check=True)
