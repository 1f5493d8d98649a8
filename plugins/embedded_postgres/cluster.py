"""The database cluster of one place: made once and whole, never of another major version."""

from __future__ import annotations

import os
import shutil
import subprocess
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

from .account import process_options
from .problems import unusable

if TYPE_CHECKING:
    from .binaries import Installation
    from .place import Place

_UNFINISHED = "data.new-"
_INITDB_OPTIONS = ("--username=postgres", "--auth=trust", "--encoding=UTF8", "--locale=C")
# The built-in provider sorts alike on every machine, whatever locales it has.
_BUILTIN = ("--locale-provider=builtin", "--builtin-locale=C.UTF-8")
_BUILTIN_SINCE = 17


def ensure(place: Place, installation: Installation, *, durable: bool) -> None:
    """Make *place*'s cluster unless it is there.

    Raises `ConfigError` when what is there is not a cluster of this major version.
    """
    if place.data.exists():
        _check_version(place.data, installation.major)
    else:
        _make(place, installation, durable=durable)


def program_environment() -> dict[str, str]:
    """Return the environment of the server's programs: no PGPORT, no secret, English messages."""
    kept = ("PATH", "LD_LIBRARY_PATH")
    return {"LC_ALL": "C", "TZ": "UTC"} | {
        key: os.environ[key] for key in kept if key in os.environ
    }


def _check_version(data: Path, major: int) -> None:
    try:
        version = (data / "PG_VERSION").read_text().strip()
    except FileNotFoundError:
        raise unusable(f"{data} holds no database cluster", "move that folder away") from None
    if version != str(major):
        raise unusable(
            f"{data} was made by PostgreSQL {version}, this is PostgreSQL {major}",
            f"move that folder away and start afresh, or dump it with PostgreSQL {version} first",
        )


def _make(place: Place, installation: Installation, *, durable: bool) -> None:
    """Fill a folder of another name and rename it: a killed initdb leaves no half cluster."""
    for left_over in place.folder.glob(f"{_UNFINISHED}*"):
        shutil.rmtree(left_over, ignore_errors=True)
    fresh = Path(tempfile.mkdtemp(prefix=_UNFINISHED, dir=place.folder))
    if place.account:
        os.chown(fresh, place.account.uid, place.account.gid)
    options = _BUILTIN if installation.major >= _BUILTIN_SINCE else ()
    _initdb(place, installation, fresh, (*options, *(() if durable else ("--no-sync",))))
    fresh.rename(place.data)


def _initdb(
    place: Place, installation: Installation, folder: Path, options: tuple[str, ...]
) -> None:
    done = subprocess.run(
        [installation.program("initdb"), *_INITDB_OPTIONS, *options, "-D", str(folder)],
        capture_output=True,
        text=True,
        check=False,
        cwd="/",
        env=program_environment(),
        **process_options(place.account),
    )
    if done.returncode != 0:
        shutil.rmtree(folder, ignore_errors=True)
        reason = (done.stderr.strip() or f"exit {done.returncode}").splitlines()[-1]
        raise unusable(f"initdb failed ({reason})", f"look at {place.folder}")
