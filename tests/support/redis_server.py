"""The Redis that tests run against: TEST_REDIS_URL, else a server of our own in a folder."""

from __future__ import annotations

import os
import shutil
import subprocess
import tempfile
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from tests.support.forks import wait_until

if TYPE_CHECKING:
    from collections.abc import Iterator

VARIABLE = "TEST_REDIS_URL"


@contextmanager
def redis_server() -> Iterator[str | None]:
    """Yield the URL of a Redis; None where neither a URL nor the program is at hand."""
    given, program = os.environ.get(VARIABLE), shutil.which("redis-server")
    if given or program is None:
        yield given
        return
    with tempfile.TemporaryDirectory(prefix="sst-redis-") as folder:
        path = Path(folder) / "redis.sock"
        words = ("--port", "0", "--save", "", "--dir", folder, "--unixsocket", str(path))
        process = subprocess.Popen([program, *words], stdout=subprocess.DEVNULL)
        try:
            wait_until(path.exists, "Redis listens on its socket")
            yield f"unix://{path}"
        finally:
            process.kill()
            process.wait()
