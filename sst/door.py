"""The doors of the command line: `migrate.py` of a checkout, and the installed script `sst`."""

from __future__ import annotations

import os
import sys
from contextlib import contextmanager
from typing import TYPE_CHECKING, NoReturn

from sst.kept.words import is_kept

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

    from sst.dependencies import DependencyError
    from sst.kept.noting import Noting

_INTERRUPTED = 130
_NOTHING = (
    *("environment", "database", "schema", "run_id", "state", "before", "after", "backup"),
)
_EMPTY = ("heads", "pending", "applied", "plugins", "checks", "warnings")


def script() -> NoReturn:
    """Run the script `sst`, which finds its project from the working folder."""
    _leave_out_own_folder()
    enter("sst")


def enter(program: str, root: Path | None = None) -> NoReturn:
    """Run the command line on the project in *root*, else on the one found; end the process.

    *program* is what a user types to get here.
    An answer that is kept is told before anything else is imported.
    A package that is missing or too old is three lines, or the JSON object, and exit 2.
    """
    words = sys.argv[1:]
    try:
        with _quiet_interruption():
            noting = _told_again(root, words) if is_kept(words) else None
            from sst.cli import leave, main
        code = main(root=root, program=program)
        if noting is not None:
            with _quiet_interruption():
                noting.keep(code)
    except Exception as error:
        from sst.dependencies import dependency_error  # late: an answer that is kept needs none

        refused = dependency_error(error)
        if refused is None:
            raise
        _print(refused)
        raise SystemExit(refused.exit_code) from None
    leave(code)


def _told_again(root: Path | None, words: Sequence[str]) -> Noting | None:
    from sst.kept.answer import tell_again  # late: other commands do without it

    return tell_again(str(root) if root else None, words)


@contextmanager
def _quiet_interruption() -> Iterator[None]:
    """End the process at Ctrl-C with exit 130 and no traceback: nothing is at work."""
    try:
        yield
    except KeyboardInterrupt:
        raise SystemExit(_INTERRUPTED) from None


def _leave_out_own_folder() -> None:
    """Take the script's folder from `sys.path`: beside a script lie no modules of a project."""
    own = os.path.dirname(os.path.realpath(sys.argv[0]))  # noqa: PTH120 - `sys.path` holds texts
    if not sys.flags.safe_path and sys.path and os.path.realpath(sys.path[0]) == own:
        del sys.path[0]


def _print(error: DependencyError) -> None:
    """Print *error* without the command line, which could not be imported."""
    if "--json" not in sys.argv:
        sys.stderr.write(f"{error}\n")
        return
    import json  # late: no other call of the door needs it

    told = {"code": error.code, "message": f"{error.what} {error.why}", "hint": error.next_step}
    answer = {"schema_version": 1, "command": "", "ok": False, "exit_code": error.exit_code}
    answer |= dict.fromkeys(_NOTHING) | {name: [] for name in _EMPTY} | {"error": told}
    sys.stdout.write(f"{json.dumps(answer, ensure_ascii=False)}\n")
