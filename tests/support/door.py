"""Words typed at the door of a project, in a fork: an answer is told again, or made."""

from __future__ import annotations

import os
import re
import signal
import sys
import time
import traceback
from dataclasses import dataclass, field
from functools import partial
from typing import TYPE_CHECKING, NamedTuple

from sst.testing.project.processes import fork_server, redirect

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from tests.support.project import Project

_KEPT_VARIABLES = ("PATH", "HOME", "LANG", "LC_ALL", "TMPDIR", "XDG_RUNTIME_DIR")
_ASKED = "asked"
_PATIENCE_SECONDS = 60.0
_TIMES = re.compile(
    r"\d{4}-\d\d-\d\d[T ]\d\d:\d\d:\d\d(\.\d+)?Z?|\d+(\.\d+)? (ms|s|min|h)\b"
    r'|(?<=duration_ms": )\d+|(?<=duration_ms=)\d+|--no-cache'
)


class Told(NamedTuple):
    """What a call has printed, and how it ended."""

    exit_code: int | None
    stdout: str
    stderr: str
    is_kept: bool
    """Whether the answer was told without the command, which was not even asked."""

    doubt: str = ""

    @property
    def timeless(self) -> tuple[int | None, str, str]:
        """Exit code and texts without the times, which are those of the call."""
        return self.exit_code, _TIMES.sub("T", self.stdout), _TIMES.sub("T", self.stderr)


@dataclass
class Door:
    """The command line of *project*; what is noted of its calls lies in *folder*."""

    project: Project
    folder: Path
    environment: dict[str, str] = field(default_factory=dict)
    """Variables for every call."""
    calls: int = 0

    def call(self, *words: str, **environment: str) -> Told:
        """Type *words*, and return what was told."""
        self.calls += 1
        folder = self.folder / str(self.calls)
        folder.mkdir(parents=True)
        for name in ("stdout", "stderr"):
            (folder / name).touch()
        variables = self._variables() | environment
        process = fork_server().Process(
            target=_child, args=(words, self.project.root, variables, folder)
        )
        process.start()
        process.join(_PATIENCE_SECONDS)
        if process.exitcode is None:
            process.kill()
            process.join()
        out, err = (_read(folder / name) for name in ("stdout", "stderr"))
        asked = folder / _ASKED
        return Told(process.exitcode, out, err, not asked.exists(), _read(asked))

    def warm(self, *words: str, **environment: str) -> Told:
        """Type *words* until the answer is told again, and return that one."""
        end = time.monotonic() + _PATIENCE_SECONDS
        while time.monotonic() < end:
            told = self.call(*words, **environment)
            if told.is_kept:
                return told
        raise AssertionError(f"{words} is never kept: {told}")

    def true(self, *words: str, **environment: str) -> Told:
        """Return what *words* are told where everything is looked at."""
        return self.call(*words, "--no-cache", **environment)

    def _variables(self) -> dict[str, str]:
        kept = {name: os.environ[name] for name in _KEPT_VARIABLES if name in os.environ}
        own = {
            "DATABASE_URL": self.project.database_url,
            "XDG_CACHE_HOME": str(self.folder / "cache"),
        }
        return kept | own | self.project.environment | self.environment


def _read(file: Path) -> str:
    return file.read_text(encoding="utf-8") if file.exists() else ""


def _child(words: tuple[str, ...], root: Path, variables: dict[str, str], folder: Path) -> None:
    redirect(folder)
    os.environ.clear()
    os.environ.update(variables)
    os.chdir(root)
    signal.signal(signal.SIGINT, signal.default_int_handler)
    sys.argv = ["migrate.py", *words]
    import sst.cli
    from sst.door import enter
    from sst.kept import doubts

    main, calls = sst.cli.main, []

    def asked(*given: object, **more: object) -> int:
        calls.append(given)
        return main(*given, **more)  # type: ignore[arg-type]

    sst.cli.main = asked
    code = _exit_code(partial(enter, "python migrate.py", root))
    if calls:
        # Written when all is over: what a call writes makes it doubtful.
        (folder / _ASKED).write_text(doubts.the_doubt(), encoding="utf-8")
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(code)


def _exit_code(work: Callable[[], object]) -> int:
    """Return what the interpreter would end with."""
    try:
        work()
    except SystemExit as end:
        return end.code if isinstance(end.code, int) else int(bool(end.code))
    except BaseException:  # noqa: BLE001 - as the interpreter would
        traceback.print_exc()
        return 1
    return 0
