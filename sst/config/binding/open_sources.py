"""Gather what files and variables say; stop where the plugins could not be known."""

from __future__ import annotations

import os
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

from sst.config.binding.sources import Sources
from sst.config.declared.names import fold_path
from sst.config.declared.schema import DEVELOPMENT
from sst.config.sources.dotenv import read_dotenv
from sst.config.sources.dynaconf_store import load
from sst.config.sources.environment import asked_environment, control_problems, known_environment
from sst.config.sources.files import DEFAULT_SECTION, SECRETS, SETTINGS, read_toml
from sst.config.sources.lint import (
    environments_of,
    file_names,
    lint,
    overruled_by_secrets,
    table_conflicts,
    warn_readable,
)
from sst.errors import Problem

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    from sst.config.sources.files import TomlFile
    from sst.config.sources.source_values import Word


@dataclass(frozen=True, slots=True)
class Said:
    """What a process and its command line said."""

    environ: Mapping[str, str] = field(repr=False)
    overrides: tuple[str, ...] = field(repr=False)
    left_out: tuple[str, ...]


def gather(
    root: Path,
    said: Said,
    environment: str | None,
    assume_secrets: bool,  # noqa: FBT001 - passed on as it came
) -> Sources | list[Problem]:
    """Return the sources of the project at *root*, or every problem that stops here."""
    # Dynaconf reads the process's own variables too, whatever *said* says.
    stopping = [*control_problems([*said.environ, *os.environ])]
    settings = read_toml(root / SETTINGS)
    if isinstance(settings, Problem):
        return [*stopping, settings]
    chosen = _choose(said.environ, environment, environments_of(settings))
    if isinstance(chosen, Problem):
        return [*stopping, chosen]
    files = _read_files(root, chosen, settings)
    stopping += [file for file in files if isinstance(file, Problem)]
    if stopping:
        return stopping
    readable = [file for file in files if not isinstance(file, Problem)]
    return _open(
        Sources(
            root=root,
            environment=chosen,
            files=tuple(readable),
            file_words=(),
            environ=said.environ,
            dotenv={},
            overrides=said.overrides,
            left_out=said.left_out,
            assume_secrets=assume_secrets,
        ),
        environments_of(settings),
    )


def _choose(
    environ: Mapping[str, str], environment: str | None, known: Sequence[str]
) -> str | Problem:
    if environment is not None:
        return known_environment(environment, "--env", known)
    asked = asked_environment(environ)
    return asked if isinstance(asked, Problem) else known_environment(*asked, known)


def _read_files(root: Path, environment: str, settings: TomlFile) -> list[TomlFile | Problem]:
    optional = [root / name for name in file_names(environment)[1:]]
    return [settings, *(read_toml(path) for path in optional if os.path.lexists(path))]


def _open(sources: Sources, environments: Sequence[str]) -> Sources | list[Problem]:
    words = _file_words(sources)
    dotenv, faults = _dotenv(sources)
    opened = replace(
        sources,
        file_words=words,
        dotenv=dotenv,
        problems=(*_structure(sources, words, environments), *faults),
        warnings=_warnings(replace(sources, file_words=words)),
    )
    return list(opened.stopping_problems()) or opened


def _file_words(sources: Sources) -> tuple[Word, ...]:
    """Return what the files say; which value wins is Dynaconf's answer, its line is ours."""
    merged = load([file.path for file in sources.files], sources.environment)
    winners: dict[tuple[str, ...], Any] = {fold_path(path): v for path, v in merged.items()}
    sections = (DEFAULT_SECTION, sources.environment)
    words = [word for file in sources.files for name in sections for word in file.words(name)]
    last = {word.path: position for position, word in enumerate(words)}
    return tuple(
        replace(word, value=winners[word.path]) if last[word.path] == position else word
        for position, word in enumerate(words)
    )


def _structure(
    sources: Sources, words: Sequence[Word], environments: Sequence[str]
) -> list[Problem]:
    found = [
        problem
        for file in sources.files
        for problem in lint(file, environments, sources.environment)
    ]
    found += overruled_by_secrets(sources.files, sources.environment)
    return [*found, *table_conflicts({word.path: word.source for word in words})]


def _dotenv(sources: Sources) -> tuple[dict[str, str], tuple[Problem, ...]]:
    if sources.environment != DEVELOPMENT:
        return {}, ()
    return read_dotenv(sources.root, sources.environment)


def _warnings(sources: Sources) -> tuple[str, ...]:
    if not sources.is_protected:
        return ()
    told = [warn_readable(file) for file in sources.files if file.name == SECRETS]
    return tuple(text for text in told if text)
