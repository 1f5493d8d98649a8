"""How long `migrate.py` takes to start, as a ratio to the `alembic` command's own start.

Both commands of a pair run in turns, so that a busy machine slows both; the ratio of their
medians is what is compared from day to day. Seconds are printed for orientation only.

    DATABASE_URL=postgresql://... python bench/start_up.py [ROUNDS]
"""

from __future__ import annotations

import os
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

ROOT = Path(__file__).parent.parent
OURS = (sys.executable, "migrate.py")
THEIRS = (sys.executable, "-m", "alembic")
INI = """
[alembic]
script_location = {folder}
sqlalchemy.url = {url}
"""


def main() -> None:
    """Print one line for `--help` and, with a database, one for `current`."""
    rounds = int(sys.argv[1]) if len(sys.argv) > 1 else 15
    compare("--help", THEIRS, rounds)
    url = os.environ.get("DATABASE_URL", "")
    if not url.startswith("postgresql://"):
        print("current: left out; set DATABASE_URL to postgresql://...")
        return
    with tempfile.TemporaryDirectory() as folder:
        compare("current", (*THEIRS, "--config", str(ini(Path(folder), url))), rounds)


def ini(folder: Path, url: str) -> Path:
    """Write the file from which alembic takes the same revisions and the same database."""
    path = folder / "alembic.ini"
    escaped = url.replace("postgresql://", "postgresql+psycopg2://", 1).replace("%", "%%")
    path.touch(mode=0o600)  # the URL may hold a password
    path.write_text(INI.format(folder=ROOT / "alembic", url=escaped))
    return path


def compare(word: str, their_words: tuple[str, ...], rounds: int) -> None:
    """Run both commands with *word* in turns and print the ratio of their medians."""
    ours, theirs = [], []
    for _ in range(rounds):
        ours.append(seconds(*OURS, word))
        theirs.append(seconds(*their_words, word))
    mine, other = statistics.median(ours), statistics.median(theirs)
    print(
        f"{word}: {mine / other:.2f} times alembic's"
        f" (medians of {rounds}: migrate.py {mine:.3f} s, alembic {other:.3f} s)"
    )


def seconds(*command: str) -> float:
    """Return how long *command* takes; a failing command ends the benchmark."""
    started = time.perf_counter()
    subprocess.run(command, cwd=ROOT, capture_output=True, check=True)
    return time.perf_counter() - started


if __name__ == "__main__":
    main()
