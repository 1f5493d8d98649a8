"""A Docker engine of the walk's own: in its own namespaces, with nothing outside one folder.

dockerd runs in a network, a mount and a process namespace that are made for it.
So the ports of the deployment guide are free, another engine of this machine is not touched, and
when the first process of the namespaces ends, every process, mount and network in them is gone.
"""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING

from deploy.walk import debian
from deploy.walk.requirements import Refusal
from deploy.walk.shell import PreparationError, Shell, await_condition

if TYPE_CHECKING:
    from collections.abc import Mapping

# Of the range that RFC 2544 keeps for tests between two machines: no network is called so.
_OUTSIDE, _INSIDE, _NETWORK = "198.18.255.1", "198.18.255.2", "198.18.255.0/30"
_BRIDGE, _POOL = "198.18.0.1/24", "base=198.18.128.0/17,size=24"
_FORWARDING = Path("/proc/sys/net/ipv4/ip_forward")
_LINK = "sst-walk"
_LINK_PATH = Path("/sys/class/net", _LINK)
_PID_FILE = "engine.pid"
_CONTROL_GROUP = "sst-walk"
_START_SECONDS = 120.0
# Limits that containers get, as a root that is itself limited may not raise its own.
_LIMITS = ("nofile=1024:4096", "nproc=4096:4096")
# What the way out of the namespace needs of the machine; `{}` is --insert or --delete.
_RULES = (
    f"iptables --table nat {{}} POSTROUTING --source {_NETWORK} --jump MASQUERADE",
    f"iptables {{}} FORWARD --source {_NETWORK} --jump ACCEPT",
    f"iptables {{}} FORWARD --destination {_NETWORK} --jump ACCEPT",
)
# Where the engine writes whatever it is told: inside, each is a file system of its own.
_PLACES = ("/run/docker", "/run/containerd", "/run/runc", "/opt/containerd")
# Reads its line once the network is there. When docker-init ends, so does all that it has started.
_FIRST_PROCESS = (
    f"for place in {' '.join(_PLACES)}; do"
    " mkdir -p $place && mount -t tmpfs sst-walk $place || exit; done;"
    ' read -r _ && exec docker-init -- "$@"'
)


def is_running(folder: Path) -> bool:
    """Tell whether the engine of *folder* lives: the number alone could be another's by now."""
    with suppress(OSError):
        pid = (folder / _PID_FILE).read_text(encoding="ascii")
        return f"{folder}/" in Path(f"/proc/{pid}/cmdline").read_text(encoding="utf-8")
    return False


def require_alone(folder: Path | None) -> None:
    """Raise `Refusal` when the engine of another folder than *folder* is at work here."""
    if _LINK_PATH.exists() and not (folder and is_running(folder.resolve())):
        raise Refusal(
            "Another walk is at work on this machine, or was kept.",
            f"its engine has the network device {_LINK}",
            "wait for its end, or take it up: make walk FOLDER=... as it has printed",
        )


class OwnEngine:
    """The engine below *folder*: made, started, and taken away again."""

    def __init__(self, folder: Path, environment: Mapping[str, str]) -> None:
        self.folder = folder
        self._programs = folder / "engine"
        self._pid_file = folder / _PID_FILE
        self._outside = Shell(folder, environment)
        self._forwarding_before = folder / "forwarding"
        self.environment = {
            **environment,
            "PATH": f"{self._path()}:{environment['PATH']}",
            "DOCKER_HOST": f"unix://{folder}/docker.sock",
            "DOCKER_CONFIG": str(folder / "client"),
        }

    @property
    def inside(self) -> tuple[str, ...]:
        """The words that lead a command into the network of the engine."""
        return ("nsenter", "--net", "--target", self._pid_file.read_text(encoding="ascii"), "--")

    def start(self) -> None:
        """Make the engine and start it; one that was kept in this folder is used again."""
        if is_running(self.folder):
            return
        if not (self._programs / "usr/sbin/dockerd").exists():
            debian.unpack_engine(self._outside, self.folder)
        self._link_programs()
        # Of an engine that was kept, and has died since.
        self._close_network()
        shutil.rmtree(self.folder / "run", ignore_errors=True)
        (self.folder / "dockerd.pid").unlink(missing_ok=True)
        go_on, told = os.pipe()
        with (self.folder / "engine.log").open("ab") as log:
            first = subprocess.Popen(
                self._command(),
                stdin=go_on,
                stdout=log,
                stderr=log,
                env=self.environment,
                start_new_session=True,
            )
        self._pid_file.write_text(self._child(first.pid), encoding="ascii")
        self._open_network()
        os.write(told, b"\n")
        for end in (go_on, told):
            os.close(end)
        shell = Shell(self.folder, self.environment)
        if not await_condition(lambda: not shell.run("docker info").exit_code, _START_SECONDS):
            raise PreparationError(shell.run(f"tail -n 15 {self.folder}/engine.log; false"))

    def remove(self) -> None:
        """End every process of the engine, and take away all that it has made."""
        if is_running(self.folder):
            with suppress(ProcessLookupError):
                os.kill(int(self._pid_file.read_text(encoding="ascii")), signal.SIGKILL)
            await_condition(lambda: not is_running(self.folder), _START_SECONDS)
        self._close_network()
        for group in sorted(Path("/sys/fs/cgroup").glob(f"**/{_CONTROL_GROUP}/**/"), reverse=True):
            with suppress(OSError):
                group.rmdir()
        for place in map(Path, _PLACES):
            with suppress(OSError):  # another engine's has content
                place.rmdir()
        shutil.rmtree(self.folder, ignore_errors=True)

    def _path(self) -> str:
        return f"{self._programs}/usr/sbin:{self._programs}/usr/bin"

    def _link_programs(self) -> None:
        plugins = self.folder / "client/cli-plugins"
        plugins.mkdir(parents=True, exist_ok=True)
        links = {
            self._programs / "usr/bin/docker-init": self._programs / "usr/bin/tini-static",
            **{
                plugins / program.name: program
                for program in (self._programs / "usr/libexec/docker/cli-plugins").iterdir()
            },
        }
        for link, program in links.items():
            link.unlink(missing_ok=True)
            link.symlink_to(program)

    def _command(self) -> list[str]:
        """Return the command that waits for a line, and then is the engine."""
        limits = [f"--default-ulimit={limit}" for limit in _LIMITS]
        return [
            *("unshare", "--net", "--mount", "--pid", "--fork", "--kill-child", "--mount-proc"),
            *("bash", "-c", _FIRST_PROCESS, "bash", f"{self._programs}/usr/sbin/dockerd"),
            f"--host=unix://{self.folder}/docker.sock",
            f"--data-root={self.folder}/data",
            f"--exec-root={self.folder}/run",
            f"--pidfile={self.folder}/dockerd.pid",
            "--exec-opt=native.cgroupdriver=cgroupfs",
            f"--cgroup-parent={_CONTROL_GROUP}",
            *limits,
            f"--bip={_BRIDGE}",
            f"--default-address-pool={_POOL}",
        ]

    def _child(self, parent: int) -> str:
        """Return the number of the first process in the namespaces that *parent* has made."""
        children = Path(f"/proc/{parent}/task/{parent}/children")
        await_condition(lambda: bool(children.read_text(encoding="ascii")), _START_SECONDS)
        return children.read_text(encoding="ascii").strip()

    def _open_network(self) -> None:
        self._forwarding_before.write_text(_FORWARDING.read_text("ascii"), encoding="ascii")
        pid = self._pid_file.read_text(encoding="ascii")
        enter = " ".join(self.inside)
        self._outside.must(
            f"ip link add {_LINK} type veth peer name outside netns {pid}"
            f" && ip address add {_OUTSIDE}/30 dev {_LINK} && ip link set {_LINK} up"
            f" && {enter} ip link set lo up"
            f" && {enter} ip address add {_INSIDE}/30 dev outside"
            f" && {enter} ip link set outside up"
            f" && {enter} ip route add default via {_OUTSIDE}"
        )
        _FORWARDING.write_text("1", encoding="ascii")
        for rule in _RULES:
            self._outside.must(rule.format("--insert"))

    def _close_network(self) -> None:
        """Remove what `_open_network` has made, of it whatever is there."""
        for rule in _RULES:
            self._outside.run(rule.format("--delete"))
        self._outside.run(f"ip link delete {_LINK}")
        if self._forwarding_before.exists():
            _FORWARDING.write_text(self._forwarding_before.read_text("ascii"), encoding="ascii")
