"""Images are pinned by digest, all or none, and the same command renews the pins."""

from __future__ import annotations

import json
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

from deploy.pin_images import RefusedError, tags
from tests.support.compose import COMPOSE_FILE, ROOT, load_compose

if TYPE_CHECKING:
    from pathlib import Path

COMPOSE = COMPOSE_FILE.read_text("utf-8")
INDEX = "application/vnd.oci.image.index.v1+json"
SINGLE = "application/vnd.oci.image.manifest.v1+json"
TAGS = ("python:3.13-slim-bookworm", "postgres:18", "redis:8", "caddy:2")
# In the place of a registry: what `docker buildx imagetools inspect` says of a tag.
DOCKER = """#!/bin/sh
for tag; do :; done
cat "$(dirname "$0")/$(echo "$tag" | tr /: __)" 2>/dev/null && exit
echo "ERROR: $tag: not found" >&2
exit 1
"""


class Registry:
    """A program `docker` in a folder of its own, which knows some tags."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        folder.mkdir()
        program = folder / "docker"
        program.write_text(DOCKER, "utf-8")
        program.chmod(0o755)
        for number, tag in enumerate(TAGS):
            self.push(tag, str(number))

    def push(self, tag: str, digit: str, media_type: str = INDEX) -> None:
        """Let *tag* have the digest of sixty-four times *digit*."""
        manifest = {"mediaType": media_type, "digest": f"sha256:{digit * 64}"}
        (self.folder / tag.replace(":", "_")).write_text(json.dumps(manifest), "utf-8")

    def pin(self, file: Path, **variables: str) -> subprocess.CompletedProcess[str]:
        """Run the command on *file*."""
        return subprocess.run(
            [sys.executable, ROOT / "deploy/pin_images.py", str(file)],
            env={"PATH": f"{self.folder}:/usr/bin:/bin", **variables},
            capture_output=True,
            text=True,
            check=False,
        )


@pytest.fixture
def registry(tmp_path: Path) -> Registry:
    """Return a registry that has the images of the compose file."""
    return Registry(tmp_path / "registry")


@pytest.fixture
def file(tmp_path: Path) -> Path:
    """Return a file for Compose with lines that are not ours."""
    path = tmp_path / "deploy.env"
    path.write_text("# ours\nSST_HTTP_PORT=8001\nSST_REDIS_IMAGE='redis:8'\nTOKEN=c4n4ry", "utf-8")
    path.chmod(0o600)
    return path


def test_every_image_that_is_not_ours_can_be_pinned() -> None:
    """An image without a variable would stay a tag that moves."""
    compose = load_compose()
    images = {s["image"] for s in compose["services"].values()} - {"sst-platform:local"}

    found = tags(COMPOSE, {})

    base = compose["services"]["app"]["build"]["args"]["BASE_IMAGE"]
    assert set(found.values()) == images | {base}
    assert sorted(found.values()) == sorted(TAGS)


def test_pins_are_written_and_every_other_line_stays(registry: Registry, file: Path) -> None:
    result = registry.pin(file)

    assert result.returncode == 0, result.stderr
    assert file.read_text("utf-8") == (
        "# ours\nSST_HTTP_PORT=8001\n"
        f"SST_REDIS_IMAGE=redis:8@sha256:{'2' * 64}\nTOKEN=c4n4ry\n"
        f"SST_BASE_IMAGE=python:3.13-slim-bookworm@sha256:{'0' * 64}\n"
        f"SST_POSTGRES_IMAGE=postgres:18@sha256:{'1' * 64}\n"
        f"SST_CADDY_IMAGE=caddy:2@sha256:{'3' * 64}\n"
    )
    assert file.stat().st_mode & 0o777 == 0o600
    assert "c4n4ry" not in result.stdout + result.stderr


def test_renewal_takes_the_digest_of_today_and_says_which_is_new(
    registry: Registry, file: Path
) -> None:
    registry.pin(file)
    registry.push("redis:8", "7")

    result = registry.pin(file)

    assert f"SST_REDIS_IMAGE=redis:8@sha256:{'7' * 64} (new)" in result.stdout
    assert result.stdout.count("(unchanged)") == 3
    assert f"SST_REDIS_IMAGE=redis:8@sha256:{'7' * 64}\n" in file.read_text("utf-8")


def test_one_platform_only_is_said(registry: Registry, file: Path) -> None:
    """Such a pin stops the deployment on a machine of another kind."""
    registry.push("caddy:2", "3", SINGLE)

    assert "caddy:2@sha256:" + "3" * 64 + " (new, of one platform only)" in (
        registry.pin(file).stdout
    )


def test_tag_that_is_gone_leaves_the_file_as_it_was(registry: Registry, file: Path) -> None:
    before = file.read_text("utf-8")
    (registry.folder / "caddy_2").unlink()

    result = registry.pin(file)

    assert result.returncode == 1
    assert "caddy:2: ERROR: caddy:2: not found" in result.stderr
    assert "Traceback" not in result.stderr
    assert file.read_text("utf-8") == before


def test_without_docker_it_says_so(registry: Registry, file: Path) -> None:
    (registry.folder / "docker").unlink()

    result = registry.pin(file, PATH="/nowhere")

    assert (result.returncode, "Traceback" in result.stderr) == (1, False)
    assert "no program docker" in result.stderr


def test_pin_of_the_server_follows_the_major(registry: Registry, file: Path) -> None:
    """POSTGRES_MAJOR stays the one variable: in the shell, which wins, or in the file."""
    registry.pin(file)
    registry.push("postgres:19", "9")

    registry.pin(file, POSTGRES_MAJOR="19")

    assert f"SST_POSTGRES_IMAGE=postgres:19@sha256:{'9' * 64}\n" in file.read_text("utf-8")
    assert tags(COMPOSE, {"POSTGRES_MAJOR": "17"})["SST_POSTGRES_IMAGE"] == "postgres:17"


@pytest.mark.parametrize("image", ["postgres:18-alpine", "registry:5000/postgres:18.4@sha256:00"])
def test_tag_of_another_major_that_cannot_follow_is_refused(image: str) -> None:
    values = {"POSTGRES_MAJOR": "19", "SST_POSTGRES_IMAGE": image}

    with pytest.raises(RefusedError, match="is not of POSTGRES_MAJOR 19"):
        tags(COMPOSE, values)


def test_digest_without_a_tag_is_refused() -> None:
    """There is nothing that it could be renewed from."""
    with pytest.raises(RefusedError, match="has no tag"):
        tags(COMPOSE, {"SST_REDIS_IMAGE": "registry:5000/redis@sha256:00"})


def test_server_of_another_major_does_not_start() -> None:
    """It would begin an empty database in the folder of the major that was asked for."""
    db = load_compose(POSTGRES_MAJOR="19", SST_POSTGRES_IMAGE="postgres:18")["services"]["db"]
    check = db["entrypoint"][2].replace("$$", "$").replace("exec docker-entrypoint.sh", "echo")
    answers = {}
    for version in ("18.6 (Debian)", "19beta1", "19.0", "190.1"):
        here = f'postgres() {{ echo "postgres (PostgreSQL) {version}"; }}\n'
        command = ["bash", "-ec", here + check, *db["entrypoint"][3:], *db["command"]]
        answers[version] = subprocess.run(command, capture_output=True, text=True, check=False)

    assert {v: a.returncode for v, a in answers.items()} == {
        "18.6 (Debian)": 2,
        "19beta1": 0,
        "19.0": 0,
        "190.1": 2,
    }
    assert "18.6 (Debian) is not of POSTGRES_MAJOR=19" in answers["18.6 (Debian)"].stderr
    assert answers["19.0"].stdout == "postgres\n"
