"""What a container may do, what it may use up, and whom it can reach."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from deploy.walk.walk import Walk

_SERVICES = ("db", "migrate", "app", "proxy")
_STATE = {
    "a limit of memory": ("{{.HostConfig.Memory}}", r"^[1-9]\d+$"),
    "a limit of processor time": ("{{.HostConfig.NanoCpus}}", r"^[1-9]\d+$"),
    "a limit of processes": ("{{.HostConfig.PidsLimit}}", r"^[1-9]\d*$"),
    "no capability that it was not given": ("{{.HostConfig.CapDrop}}", r"^\[ALL\]$"),
    "no new privileges": ("{{.HostConfig.SecurityOpt}}", "no-new-privileges:true"),
    "a root file system that is read-only": ("{{.HostConfig.ReadonlyRootfs}}", "^true$"),
    "a log that does not grow for ever": ("{{.HostConfig.LogConfig.Config}}", "max-size"),
}
# From, to, port, and whether it has to be reached.
_WAYS = (
    ("proxy", "app", 8000, True),
    ("proxy", "db", 5432, False),
    ("app", "db", 5432, True),
    ("db", "proxy", 443, False),
)
_CONNECT = "import socket, sys; socket.create_connection((sys.argv[1], int(sys.argv[2])), 3)"


def walk_confinement(walk: Walk) -> None:
    """Look at every container, then try from inside."""
    walk.tally.part("Limits and networks")
    for service in _SERVICES:
        for what, (template, pattern) in _STATE.items():
            inspect = f"docker inspect --format '{template}' {container(service)}"
            walk.step(inspect, f"{service} has {what}", shows=pattern)
    for service in ("db", "app", "proxy"):
        inspect = f"docker inspect --format '{{{{.State.Health.Status}}}}' {container(service)}"
        walk.step(inspect, f"{service} is healthy", shows="^healthy$")
    capabilities = r"sed -n 's/^CapEff:[[:space:]]*//p' /proc/self/status"
    walk.step(
        f'docker compose exec -T app sh -c "{capabilities}"',
        "the application has no capability",
        shows="^0+$",
    )
    walk.step("docker compose exec -T app touch /app/x", exits=1, shows="Read-only")
    walk.step(
        "docker compose run --rm -T --entrypoint stat migrate -c '%a %u %n' /backups",
        "backups are for the image's user alone",
        shows="^700 10001 /backups$",
    )
    walk.step(
        "docker compose port db 5432",
        "the database is open to this host alone",
        shows="^127.0.0.1:",
    )
    _walk_ways(walk)


def _walk_ways(walk: Walk) -> None:
    for source, target, port, is_open in _WAYS:
        connect = connect_from(source, target, port)
        claim = f"{source} {'reaches' if is_open else 'does not reach'} {target}:{port}"
        walk.step(connect, claim, exits=0 if is_open else 1)
    addresses = "{{range .NetworkSettings.Networks}}{{.IPAddress}} {{end}}"
    for address in walk.output(f"docker inspect --format '{addresses}' {container('db')}").split():
        walk.step(
            connect_from("proxy", address, 5432),
            "nor does it by the address of the database",
            exits=1,
            shows="timed out|unreachable|refused",
        )


def container(service: str) -> str:
    """Return the words that name the container of *service*, a finished one too."""
    return f"$(docker compose ps --all --quiet {service} | head -n 1)"


def connect_from(service: str, host: str, port: int) -> str:
    """Return the command that opens a TCP connection from the network of *service*."""
    network = f"--network container:{container(service)}"
    return f"docker run --rm {network} sst-platform:local python -c '{_CONNECT}' {host} {port}"
