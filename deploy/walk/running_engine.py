"""A Docker engine that is there already, used beside whatever else it runs."""

from __future__ import annotations

import shutil
import socket
from contextlib import ExitStack
from typing import TYPE_CHECKING

from deploy.walk.shell import Shell

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

NAME = "sst-walk"
_PORTS = ("SST_DB_PORT", "SST_HTTP_PORT", "SST_HTTP_PUBLIC_PORT", "SST_HTTPS_PUBLIC_PORT")


class RunningEngine:
    """The engine that `docker` reaches: the walk has a name and ports of its own on it."""

    inside: tuple[str, ...] = ()

    def __init__(self, folder: Path, environment: Mapping[str, str]) -> None:
        self.folder = folder
        ports = dict(zip(_PORTS, _free_ports(len(_PORTS)), strict=True))
        named = {"COMPOSE_PROJECT_NAME": NAME, "SST_IMAGE": f"{NAME}:local"}
        self.environment = {**environment, **named, **ports}
        self.rewrites = {
            "sst-platform": NAME,
            "http://localhost:8000": f"http://localhost:{ports['SST_HTTP_PORT']}",
            "http://localhost/": f"http://localhost:{ports['SST_HTTP_PUBLIC_PORT']}/",
            "https://localhost/": f"https://localhost:{ports['SST_HTTPS_PUBLIC_PORT']}/",
        }

    def start(self) -> None:
        """Raise `PreparationError` when the engine does not answer."""
        Shell(self.folder, self.environment).must("docker info && docker compose version")

    def remove(self) -> None:
        """Take away what the walk has made on the engine, and its folder."""
        shell = Shell(self.folder, self.environment)
        project = self.folder / "project"
        shell.run(f"cd {project} && docker compose --profile '*' down --volumes --remove-orphans")
        shell.run(f"docker ps --all --quiet --filter name={NAME} | xargs -r docker rm --force")
        shell.run(
            f"docker image ls --quiet {NAME} | sort --unique | xargs -r docker image rm --force"
        )
        shutil.rmtree(self.folder, ignore_errors=True)


def _free_ports(count: int) -> list[str]:
    """Return *count* numbers of ports that nobody listens on."""
    with ExitStack() as stack:
        sockets = [stack.enter_context(socket.socket()) for _ in range(count)]
        for each in sockets:
            each.bind(("127.0.0.1", 0))
        return [str(each.getsockname()[1]) for each in sockets]
