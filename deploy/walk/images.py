"""Stand-ins for the official images, made from Debian where no image registry can be reached.

Each file of the folder `images/` says which rules of the official image it keeps.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from deploy.walk import debian

if TYPE_CHECKING:
    from deploy.walk.shell import Shell

BASE = "sst-walk/base"
_FILES = Path(__file__).parent / "images"


def make_stand_ins(shell: Shell, folder: Path) -> dict[str, str]:
    """Make the images that are not there yet; return the variables of Compose that name them."""
    if not _exists(shell, BASE):
        root = folder / "root"
        debian.bootstrap(shell, root)
        shell.must(f"tar -C {root} -c . | docker import - {BASE}; rm -r {root}")
    return {
        "SST_BASE_IMAGE": BASE,
        "SST_POSTGRES_CLIENT_SOURCE": "debian",
        "SST_POSTGRES_IMAGE": _built(shell, "postgres", BASE, "18"),
        "SST_REDIS_IMAGE": _built(shell, "redis", BASE),
        "SST_CADDY_IMAGE": _built(shell, "caddy", BASE),
    }


def make_postgres(shell: Shell, major: int) -> dict[str, str] | None:
    """Make a server of a *major* that Debian has before its release.

    Returns the variables of Compose that name it, None where Debian has no such package.
    """
    base = _built(shell, "base-experimental", BASE)
    look = f"apt-get -qq update && apt-cache show postgresql-{major} | grep -q ^Version"
    if shell.run(f"docker run --rm {base} sh -c '{look}'").exit_code:
        return None
    server = _built(shell, "postgres", base, str(major))
    return {"SST_BASE_IMAGE": base, "SST_POSTGRES_IMAGE": server, "POSTGRES_MAJOR": str(major)}


def _exists(shell: Shell, image: str) -> bool:
    return shell.run(f"docker image inspect {image}").exit_code == 0


def _built(shell: Shell, name: str, base: str, major: str = "") -> str:
    """Return the image of *name*.Dockerfile on *base*; make it when it is not there."""
    image = f"sst-walk/{name}{major}"
    if not _exists(shell, image):
        arguments = f"--build-arg BASE={base} --build-arg MAJOR={major}"
        shell.must(
            f"docker build {arguments} --tag {image} --file {_FILES}/{name}.Dockerfile {_FILES}"
        )
    return image
