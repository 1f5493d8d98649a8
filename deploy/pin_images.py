"""Pin the images of the compose file by digest: `python3 deploy/pin_images.py [deploy.env]`.

Each tag is looked up in its registry, by `docker buildx imagetools` with Docker's own login, and
written to the file as `SST_REDIS_IMAGE=redis:8@sha256:...`; every other line stays. Run again, it
renews the pins. All of them are written, or none.
"""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

COMPOSE_FILE = Path(__file__).resolve().parent.parent / "docker-compose.yml"
MAJOR = "POSTGRES_MAJOR"
SERVER = "SST_POSTGRES_IMAGE"
TIMEOUT_SECONDS = 120

_DEFAULT = re.compile(r"\$\{(SST_[A-Z]+_IMAGE):-((?:[^{}]|\$\{[^{}]*\})+)\}")
_MAJOR_DEFAULT = re.compile(rf"\$\{{{MAJOR}:-(\d+)\}}")
_LINE = re.compile(r"^\s*(?:export\s+)?(\w+)\s*=\s*(.*?)\s*$", re.MULTILINE)
_NUMBERED = re.compile(r"(?P<name>.*:)(?P<major>\d+)(?P<rest>[^/:]*)")
_DIGEST = re.compile(r"sha256:[0-9a-f]{64}")
_INDEX = re.compile(r"image\.index|manifest\.list")


class RefusedError(Exception):
    """An image cannot be pinned; the text says which, and why."""


def values_in(text: str) -> dict[str, str]:
    """Return the variables of *text*, the content of a file for Compose."""
    return {name: value.strip("\"'") for name, value in _LINE.findall(text)}


def tags(compose: str, values: dict[str, str]) -> dict[str, str]:
    """Return the tag to pin for each variable of *compose*, without the digest that it has.

    A tag of another PostgreSQL than POSTGRES_MAJOR follows it where the tag is a plain number;
    otherwise it is refused, because the server would start on an empty folder of that major.
    """
    default = _MAJOR_DEFAULT.search(compose)
    major = values.get(MAJOR) or (default[1] if default else "")
    found = {
        variable: _MAJOR_DEFAULT.sub(major, values.get(variable) or written).partition("@")[0]
        for variable, written in _DEFAULT.findall(compose)
    }
    if SERVER in found:
        found[SERVER] = _of_major(found[SERVER], major)
    for variable, tag in found.items():
        if ":" not in tag.rpartition("/")[2]:
            raise RefusedError(f"{variable}: {tag} has no tag that could be looked up")
    return found


def _of_major(tag: str, major: str) -> str:
    numbered = _NUMBERED.fullmatch(tag)
    if numbered is None or numbered["major"] == major:
        return tag
    if numbered["rest"]:
        raise RefusedError(f"{SERVER}: {tag} is not of {MAJOR} {major}")
    return numbered["name"] + major


def digest_of(tag: str) -> tuple[str, bool]:
    """Return the digest of *tag*, and whether it is of an index, which has several platforms."""
    command = ["docker", "buildx", "imagetools", "inspect", "--format", "{{json .Manifest}}", tag]
    try:
        shown = subprocess.run(
            command, capture_output=True, text=True, check=False, timeout=TIMEOUT_SECONDS
        )
    except FileNotFoundError:
        raise RefusedError("there is no program docker here") from None
    except subprocess.TimeoutExpired:
        raise RefusedError(f"{tag}: no answer in {TIMEOUT_SECONDS} s") from None
    if shown.returncode:
        lines = shown.stderr.strip().splitlines() or ["docker gave no reason"]
        raise RefusedError(f"{tag}: {lines[-1]}")
    manifest = json.loads(shown.stdout)
    if not _DIGEST.fullmatch(manifest["digest"]):
        raise RefusedError(f"{tag}: {manifest['digest']!r} is no SHA-256")
    return manifest["digest"], bool(_INDEX.search(manifest["mediaType"]))


def pinned(text: str, pins: dict[str, str]) -> str:
    """Return *text* with a line for each of *pins*, in the place of one that is there."""
    for variable, image in pins.items():
        line = re.compile(rf"^\s*(?:export\s+)?{variable}\s*=.*$", re.MULTILINE)
        text, count = line.subn(f"{variable}={image}", text)
        if not count:
            text = text + ("" if not text or text.endswith("\n") else "\n")
            text += f"{variable}={image}\n"
    return text


def pin(path: Path) -> None:
    """Write the pins to *path* and print them; raise `RefusedError` before it is touched."""
    text = path.read_text("utf-8") if path.exists() else ""
    values = values_in(text)
    # As for Compose: the shell wins over the file.
    values[MAJOR] = os.environ.get(MAJOR) or values.get(MAJOR, "")
    pins, refused = {}, []
    for variable, tag in tags(COMPOSE_FILE.read_text("utf-8"), values).items():
        try:
            digest, is_index = digest_of(tag)
        except RefusedError as error:
            refused.append(str(error))
            continue
        pins[variable] = f"{tag}@{digest}"
        state = "unchanged" if values.get(variable) == pins[variable] else "new"
        platforms = "" if is_index else ", of one platform only"
        _print(f"{variable}={pins[variable]} ({state}{platforms})")
    if refused:
        raise RefusedError("\n  ".join(refused))
    _replace(path, pinned(text, pins))


def _replace(path: Path, text: str) -> None:
    fresh = path.with_name(f"{path.name}.new")
    fresh.write_text(text, "utf-8")
    if path.exists():
        shutil.copymode(path, fresh)
    fresh.replace(path)


def _print(text: str) -> None:
    print(text)  # noqa: T201 - a command


if __name__ == "__main__":
    target = Path(sys.argv[1] if len(sys.argv) > 1 else "deploy.env")
    try:
        pin(target)
    except RefusedError as problem:
        sys.exit(f"nothing is pinned, {target} is as it was:\n  {problem}")
