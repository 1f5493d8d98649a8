"""The compose file and the commands that the guides give for it, as the tests read them."""

from __future__ import annotations

import re
import shlex
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

ROOT = Path(__file__).resolve().parents[2]
COMPOSE_FILE = ROOT / "docker-compose.yml"

_COMMAND = re.compile(r"docker[- ]compose (?P<words>[^|<>;&\n#)]*)")
# The innermost one: a default may hold another variable.
_VARIABLE = re.compile(r"\$\{(?P<name>\w+)(?P<default>:-[^{}]*)?\}")
_WITH_VALUE = frozenset({"--profile", "--env-file", "--entrypoint", "-e"})
# `run` and `exec` name one service; what follows belongs to the program in it.
_ONE_SERVICE = frozenset({"run", "exec"})


def load_compose(**variables: str) -> dict[str, Any]:
    """Return docker-compose.yml with *variables* filled in, and every other one's default."""

    def value(match: re.Match[str]) -> str:
        return variables.get(match["name"]) or (match["default"] or "").removeprefix(":-")

    text = COMPOSE_FILE.read_text(encoding="utf-8")
    while _VARIABLE.search(text):
        text = _VARIABLE.sub(value, text)
    loaded: dict[str, Any] = yaml.safe_load(text)
    return loaded


def variables_without_default(text: str) -> list[str]:
    """Return the names in *text* that an empty environment would leave blank."""
    return [match["name"] for match in _VARIABLE.finditer(text) if match["default"] is None]


def active_services(model: dict[str, Any], profiles: frozenset[str]) -> set[str]:
    """Return the services that a bare `up` starts while *profiles* are active; `*` is all."""
    return {
        name
        for name, service in model["services"].items()
        if not service.get("profiles") or profiles & {"*", *service["profiles"]}
    }


@dataclass(frozen=True, slots=True)
class ComposeCommand:
    """One `docker-compose ...` line, taken apart."""

    profiles: frozenset[str]
    verb: str
    services: tuple[str, ...]
    program: tuple[str, ...]
    """What runs inside, for `run` and `exec`."""

    @classmethod
    def parse(cls, words: list[str]) -> ComposeCommand:
        """Read what follows `docker-compose`; options of the verb are skipped."""
        options, (verb, *rest) = _split_options(words)
        _, plain = _split_options(rest)
        if verb not in _ONE_SERVICE:
            plain = [word for word in plain if not word.startswith("-")]
        count = 1 if verb in _ONE_SERVICE else len(plain)
        profiles = frozenset(options.get("--profile", "").split())
        return cls(profiles, verb, tuple(plain[:count]), tuple(plain[count:]))


def _split_options(words: list[str]) -> tuple[dict[str, str], list[str]]:
    """Return the options before the first plain word, and everything from that word on."""
    options: dict[str, str] = {}
    rest = list(words)
    while rest and rest[0].startswith("-"):
        name = rest.pop(0)
        options[name] = rest.pop(0) if name in _WITH_VALUE else ""
    return options, rest


def shell_lines(text: str) -> list[str]:
    """Return the lines in the code blocks of the Markdown *text*, continued ones joined."""
    blocks = re.findall(r"^[ ]*```(?:bash|sh|yaml)\n(.*?)^[ ]*```", text, re.DOTALL | re.MULTILINE)
    return "\n".join(blocks).replace("\\\n", " ").splitlines()


def compose_commands(text: str) -> list[ComposeCommand]:
    """Return every compose command in the code blocks of the Markdown *text*."""
    found = [m["words"] for line in shell_lines(text) for m in _COMMAND.finditer(line)]
    return [ComposeCommand.parse(shlex.split(words)) for words in found]


def migrate_words(text: str) -> list[str]:
    """Return the first word after every `migrate.py` and every `run ... migrate` in *text*."""
    direct = re.findall(r"python migrate\.py ([a-z]+)", text)
    inside = [
        c.program[0] for c in compose_commands(text) if "migrate" in c.services and c.program
    ]
    return direct + [word for word in inside if word.isalpha()]
