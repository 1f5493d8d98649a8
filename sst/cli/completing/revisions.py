"""Revisions and branch labels, from the texts of their files: Alembic is not imported."""

from __future__ import annotations

import os
import re
import tomllib
from configparser import ConfigParser
from contextlib import suppress
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING

from click.shell_completion import CompletionItem

from sst.cli.call.invocation import Invocation
from sst.cli.completing.settings_text import setting
from sst.project_root import alembic_file

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    import click

    Complete = Callable[[click.Context, click.Parameter, str], list[CompletionItem]]

_SECTION = "alembic"
_TEXT = r"""\s*(?::[^=\n]+)?=\s*[\[(]?\s*["']([^"'\n]+)["']"""
_REVISION = re.compile(rf"^revision{_TEXT}", re.MULTILINE)
_LABEL = re.compile(rf"^branch_labels{_TEXT}", re.MULTILINE)
_DESCRIPTION = re.compile(r"""\A(?:\s|\#[^\n]*\n)*[rR]?("{3}|'{3}|["'])(.*?)(?:\1|\n|\Z)""")
_BEGINNING_CHARACTERS = 4096
_SEPARATORS = re.compile(rf"[\s,{re.escape(os.pathsep)}]+")


@dataclass(frozen=True, slots=True)
class RevisionText:
    """A revision as the text of its file has it."""

    id: str
    description: str
    label: str


def target_completion(*words: str) -> Complete:
    """Return what completes a target: *words*, `label@head`, and the revisions, newest first."""

    def complete(
        ctx: click.Context, _parameter: click.Parameter, incomplete: str
    ) -> list[CompletionItem]:
        invocation = ctx.find_object(Invocation)
        found = list(revisions(invocation.root_or_here)) if invocation else []
        items = [CompletionItem(word) for word in words]
        items += [CompletionItem(f"{each.label}@head") for each in found if each.label]
        items += [CompletionItem(each.id, help=each.description or None) for each in found]
        return [item for item in items if str(item.value).startswith(incomplete)]

    return complete


def revisions(root: Path) -> Iterator[RevisionText]:
    """Yield the revisions of the project in *root*, the files with the last names first."""
    files = {file for folder in version_folders(root) for file in folder.glob("**/*.py")}
    for file in sorted(files, key=lambda file: file.name, reverse=True):
        with suppress(OSError, UnicodeDecodeError), file.open(encoding="utf-8") as opened:
            text = opened.read(_BEGINNING_CHARACTERS)
            if found := _REVISION.search(text):
                description, label = _DESCRIPTION.match(text), _LABEL.search(text)
                yield RevisionText(
                    found[1],
                    description[2].strip() if description else "",
                    label[1] if label else "",
                )


def version_folders(root: Path) -> list[Path]:
    """Return the folders of revision files, as settings and Alembic's own file say them."""
    location, named = (
        setting(root, "migrate", name) for name in ("script_location", "alembic_config")
    )
    file = root / named if named else None if location else alembic_file(root)
    section = setting(root, "migrate", "alembic_section") or _SECTION
    of_alembic = _places_of(file, section) if file else {}
    places = _SEPARATORS.split(of_alembic.get("version_locations", ""))
    folders = [_folder(root, place) for place in places if place]
    return folders or [
        _folder(root, location or of_alembic.get("script_location", "alembic")) / "versions"
    ]


def _places_of(file: Path, section: str) -> Mapping[str, str]:
    """Return what Alembic's own *file* says of the places of revisions."""
    if file.suffix == ".toml":
        table = tomllib.loads(file.read_text(encoding="utf-8")).get("tool", {}).get(_SECTION, {})
        found = {
            name: " ".join(value) if isinstance(value, list) else str(value)
            for name, value in table.items()
        }
    else:
        parser = ConfigParser(interpolation=None)
        parser.read(file, encoding="utf-8")
        found = dict(parser[section]) if section in parser else {}
    return {name: value.replace("%(here)s", str(file.parent)) for name, value in found.items()}


def _folder(root: Path, place: str) -> Path:
    """Return the folder *place*: a path, or `package:path`, whose package is not imported."""
    package, colon, rest = place.partition(":")
    if colon and package.isidentifier():
        spec = find_spec(package)
        for found in (spec.submodule_search_locations or ()) if spec else ():
            return Path(found, rest)
    return root / place
