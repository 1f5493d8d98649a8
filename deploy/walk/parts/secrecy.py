"""The value of every secret is where it is used, and nowhere else."""

from __future__ import annotations

import gzip
import re
import tarfile
from typing import IO, TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

    from deploy.walk.walk import Walk

_MOUNTS = "{{range .Mounts}}{{println .Destination}}{{end}}"
# Each service and the secrets that it gets.
_MOUNTED = {
    "app": ["database_url"],
    "migrate": ["migration_database_url"],
    "db": ["database_url", "db_admin_password", "migration_database_url"],
    "proxy": [],
}
_HOLDERS = ("administrator", "migrations", "application")
_LABEL = "label=com.docker.compose.project=sst-platform"
_PLACES = {
    "the log of a service": "docker compose --profile '*' logs",
    "`docker inspect`": (
        f"docker inspect sst-platform:local $(docker ps -aq --filter {_LABEL})"
        f" $(docker volume ls -q --filter {_LABEL}) $(docker network ls -q --filter {_LABEL})"
    ),
    "`docker compose config`": "docker compose --profile '*' config",
    "the processes of a container": "docker compose --profile '*' top",
    "the history of the image": "docker history --no-trunc sst-platform:local",
    "the title of a session": (
        'docker compose exec -T db sh -c \'cat /proc/[0-9]*/cmdline | tr "\\0" " "\''
    ),
}
_GZIP = b"\x1f\x8b"
_SECTION_BYTES = 1 << 24


def walk_secrecy(walk: Walk) -> None:
    """Look for every secret in all that others can read."""
    walk.tally.part("Secrets")
    values = secret_values(walk.shell.folder / "secrets")
    fault = "" if len(set(values.values())) == len(_HOLDERS) else f"{len(values)} in all"
    walk.tally.record(f"{', '.join(_HOLDERS)} have a secret each", fault)
    for place, command in _PLACES.items():
        text = walk.output(command).encode()
        fault = "no output" if not text else _found(values, text)
        walk.tally.record(f"no secret is in {place}", fault)
    walk.tally.record("no secret is in a layer of the image", _fault_of_layers(walk, values))
    for service, names in _MOUNTED.items():
        found = mounted_secrets(walk, service)
        fault = "" if found == sorted(names) else f"it has {found}, and not {names}"
        walk.tally.record(f"{service} has the secrets {', '.join(names) or 'of nobody'}", fault)
    walk.step("stat -c %a secrets", "other users of the host cannot open them", shows="^700$")


def secret_values(folder: Path) -> dict[str, bytes]:
    """Return the passwords in the files of *folder*, by file: of a URL the password alone."""
    texts = {path.name: path.read_text(encoding="utf-8").strip() for path in folder.glob("*")}
    in_url = re.compile(r"://[^:/@]+:([^@/]+)@")
    return {
        name: (match[1] if (match := in_url.search(text)) else text).encode()
        for name, text in texts.items()
    }


def mounted_secrets(walk: Walk, service: str) -> list[str]:
    """Return the names of the secrets that the containers of *service* have."""
    listed = walk.output(
        f"docker inspect --format '{_MOUNTS}' $(docker compose ps --all --quiet {service})"
    )
    return sorted(set(re.findall(r"^/run/secrets/(\S+)$", listed, re.MULTILINE)))


def search_image(archive: Path, values: Iterable[bytes]) -> set[bytes]:
    """Return those of *values* that are in a layer of the image in *archive* (`docker save`)."""
    found: set[bytes] = set()
    with tarfile.open(archive) as saved:
        for member in saved:
            if (file := saved.extractfile(member)) is not None:
                is_packed = file.read(2) == _GZIP
                file.seek(0)
                layer = gzip.GzipFile(fileobj=file) if is_packed else file
                found |= _search(layer, set(values))
    return found


def _search(file: IO[bytes] | gzip.GzipFile, values: set[bytes]) -> set[bytes]:
    overlap = max(map(len, values)) - 1
    found: set[bytes] = set()
    tail = b""
    while section := file.read(_SECTION_BYTES):
        found |= {value for value in values if value in tail + section}
        tail = section[-overlap:]
    return found


def _fault_of_layers(walk: Walk, values: dict[str, bytes]) -> str:
    """Return which secret a layer has; a text that one must have shows that they were read."""
    known = (walk.shell.folder / "migrate.py").read_bytes()
    archive = walk.shell.folder.parent / "image.tar"
    walk.shell.must(walk.typed(f"docker save --output {archive} sst-platform:local"))
    found = search_image(archive, [*values.values(), known])
    archive.unlink()
    if known not in found:
        return "the layers were not read: not even migrate.py is in one"
    return ", ".join(sorted(name for name, value in values.items() if value in found))


def _found(values: dict[str, bytes], text: bytes) -> str:
    return ", ".join(sorted(name for name, value in values.items() if value in text))
