"""What a walk needs of the machine, and the refusal where it is not there."""

from __future__ import annotations

import os
import platform
import shutil
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

_MARK = "made-by-a-walk"
OF_EVERY_WALK = ("bash", "curl", "git", "jq")
OF_AN_OWN_ENGINE = {
    "apt-get": "apt",
    "debootstrap": "debootstrap",
    "dpkg": "dpkg",
    "ip": "iproute2",
    "iptables": "iptables",
    "nsenter": "util-linux",
    "runc": "runc",
    "unshare": "util-linux",
}
"""Programs, and the Debian packages that have them."""


class Refusal(Exception):  # noqa: N818 - the word of the house for a run that does not start
    """The walk cannot start here; nothing has been touched."""

    def __init__(self, what: str, why: str, next_step: str) -> None:
        super().__init__(f"{what}\n  why: {why}\n  next: {next_step}")


def require_own_engine(
    user: int | None = None,
    release: Mapping[str, str] | None = None,
    find: Callable[[str], str | None] = shutil.which,
) -> None:
    """Raise `Refusal` unless an engine of the walk's own can be started here.

    *user* is the user's number and *release* what /etc/os-release says, both of this machine when
    they are left out; *find* returns a program's path.
    """
    if (os.geteuid() if user is None else user) != 0:
        raise Refusal(
            "The walk starts its own Docker engine, and you are not root.",
            "namespaces, mounts and networks are made for it, and removed again",
            "sudo make walk; or, with a Docker engine that you may use: make walk ENGINE=mine",
        )
    system = _release() if release is None else release
    if "debian" not in (system.get("ID"), *system.get("ID_LIKE", "").split()):
        raise Refusal(
            f"The walk starts its own Docker engine, and this is {system.get('ID')}, not Debian.",
            "engine and images are made from Debian's packages: no image registry is needed",
            "make walk ENGINE=mine uses a Docker engine that is there, and the official images",
        )
    require(OF_EVERY_WALK, find)
    require(OF_AN_OWN_ENGINE, find)


def require_running_engine(find: Callable[[str], str | None] = shutil.which) -> None:
    """Raise `Refusal` unless the programs are there that a walk on somebody's engine needs."""
    require(("docker", *OF_EVERY_WALK), find)


def require(programs: Iterable[str], find: Callable[[str], str | None]) -> None:
    """Raise `Refusal` when *find* does not find one of *programs*."""
    missing = [name for name in programs if find(name) is None]
    if missing:
        packages = sorted({OF_AN_OWN_ENGINE.get(name, name) for name in missing})
        raise Refusal(
            f"The walk needs {', '.join(missing)}.",
            "it calls these programs, and does not install anything on this machine",
            f"on Debian: apt-get install {' '.join(packages)}",
        )


def take_folder(folder: Path | None) -> Path:
    """Return *folder*, made when it is not there, a temporary one when it is None.

    Raises `Refusal` for one with other people's files: at the end of the walk it is removed.
    """
    if folder is None:
        folder = Path(tempfile.mkdtemp(prefix="sst-walk-"))
    elif folder.exists() and any(folder.iterdir()) and not (folder / _MARK).exists():
        raise Refusal(
            f"The walk does not take {folder}.",
            "no walk has made it, and what a walk uses it removes",
            "name one that a walk with KEEP=1 has left, or one that does not exist",
        )
    folder.mkdir(mode=0o700, exist_ok=True)
    (folder / _MARK).touch()
    return folder.resolve()


def _release() -> dict[str, str]:
    try:
        return platform.freedesktop_os_release()
    except OSError:
        return {"ID": platform.system()}
