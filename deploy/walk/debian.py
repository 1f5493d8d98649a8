"""Debian's packages, from the sources that apt of this machine has, below one folder."""

from __future__ import annotations

import re
import shlex
from typing import TYPE_CHECKING

from deploy.walk.shell import PreparationError

if TYPE_CHECKING:
    from pathlib import Path

    from deploy.walk.shell import Shell

KEYRING = "/usr/share/keyrings/debian-archive-keyring.gpg"
CERTIFICATES = "/etc/ssl/certs/ca-certificates.crt"
# The first release with Compose 2.20 or newer.
ENGINE_RELEASE = "trixie"
ENGINE_PACKAGES = "docker.io docker-cli docker-buildx docker-compose containerd tini"
# Python 3.14, PostgreSQL 18, Redis 8, Caddy 2.
IMAGES_RELEASE = "forky"


def mirror(shell: Shell) -> str:
    """Return the address of the Debian archive that apt uses here.

    Without the date of a snapshot: one of this machine's age may not have the newer releases.
    """
    listed = shell.must("apt-get indextargets --format '$(REPO_URI)' 'Identifier: Packages'")
    archives = [line for line in listed.splitlines() if "security" not in line]
    if not archives:
        raise PreparationError(shell.run("echo apt has no archive of Debian; false"))
    return re.sub(r"/\d{8}T\d+Z", "", archives[0]).rstrip("/")


def unpack_engine(shell: Shell, folder: Path) -> None:
    """Unpack dockerd, buildx and Compose below *folder*; nothing is installed."""
    state, packages = folder / "apt", folder / "packages"
    for name in ("lists/partial", "archives/partial"):
        (state / name).mkdir(parents=True, exist_ok=True)
    packages.mkdir(exist_ok=True)
    sources = state / "sources.list"
    line = f"deb [signed-by={KEYRING}] {mirror(shell)} {ENGINE_RELEASE} main\n"
    sources.write_text(line, encoding="utf-8")
    options = {
        "Dir::Etc::sourcelist": sources,
        "Dir::Etc::sourceparts": "/dev/null",
        "Dir::State::lists": state / "lists",
        "Dir::Cache": state,
        "APT::Sandbox::User": "root",
    }
    apt = "apt-get -qq " + shlex.join(f"-o{name}={value}" for name, value in options.items())
    shell.must(f"{apt} update && cd {packages} && {apt} download {ENGINE_PACKAGES}")
    shell.must(f"for package in {packages}/*.deb; do dpkg -x $package {folder}/engine; done")


def bootstrap(shell: Shell, folder: Path) -> None:
    """Make a root file system with Python in *folder*, for the images."""
    include = "python3,python3-venv,ca-certificates"
    shell.must(
        f"debootstrap --variant=minbase --include={include} {IMAGES_RELEASE} {folder}"
        f" {mirror(shell)} /usr/share/debootstrap/scripts/sid"
    )
    # Where the way to the registries has a certificate authority of its own, images need it too.
    shell.must(f"cp {CERTIFICATES} {folder}{CERTIFICATES}")
    apt = folder / "etc/apt/apt.conf.d/99-walk"
    apt.write_text('Acquire::Check-Valid-Until "false";\n', encoding="utf-8")
