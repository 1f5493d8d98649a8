"""`make serve RELOAD=1` serves anew when a file that settings are read from changes."""

from __future__ import annotations

import subprocess
import sys
import threading
from pathlib import Path
from queue import Empty, Queue
from typing import IO

import pytest

ROOT = Path(__file__).resolve().parents[3]
_SECONDS = 60
_APPLICATION = """
async def app(scope, receive, send):
    await receive()
    print("started", flush=True)
    await send({"type": "lifespan.startup.complete"})
    await receive()
    await send({"type": "lifespan.shutdown.complete"})
"""


def _flags() -> list[str]:
    """Return what `make serve RELOAD=1` adds to the command."""
    command = ["make", "--dry-run", "--no-print-directory", "serve", "RELOAD=1", "PORT=0"]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True)
    (line,) = (line for line in done.stdout.splitlines() if "uvicorn" in line)
    return line.split("app.main:app")[1].split()


@pytest.mark.parametrize(
    "name", ["settings.toml", ".secrets.toml", "settings.local.toml", ".env", "served.py"]
)
def test_change_of_a_settings_file_starts_the_application_anew(tmp_path: Path, name: str) -> None:
    (tmp_path / "served.py").write_text(_APPLICATION)
    (tmp_path / name).touch()
    lines: Queue[str] = Queue()
    server = subprocess.Popen(
        [sys.executable, "-m", "uvicorn", "served:app", *_flags()],
        cwd=tmp_path,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    stdout = server.stdout
    assert stdout is not None
    reader = threading.Thread(target=_read, args=(stdout, lines), daemon=True)
    reader.start()
    try:
        _wait_for(lines, "started")
        _wait_for(lines, "startup complete")

        _change_until_noticed(tmp_path / name, lines)
        _wait_for(lines, "started")
    finally:
        server.terminate()
        server.wait(timeout=_SECONDS)
        reader.join(timeout=_SECONDS)
        stdout.close()


def _read(stdout: IO[str], lines: Queue[str]) -> None:
    for line in stdout:
        lines.put(line)


def _change_until_noticed(path: Path, lines: Queue[str]) -> None:
    """Change *path* until it is in *lines*: uvicorn does not say when its watch begins."""
    for _ in range(_SECONDS):
        with path.open("a") as file:
            file.write("\n")
        try:
            while path.name not in lines.get(timeout=1):
                pass
        except Empty:
            continue
        return
    pytest.fail(f"a change of {path.name} was never noticed")


def _wait_for(lines: Queue[str], text: str) -> None:
    while text not in lines.get(timeout=_SECONDS):
        pass
