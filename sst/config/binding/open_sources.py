"""Open the sources: read files and variables, and stop where the plugins could not be known."""

from __future__ import annotations

import os
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

from sst.config.binding.known_secrets import (
    known_for_plugins,
    known_in_overrides,
    known_in_variables,
)
from sst.config.binding.sources import Sources
from sst.config.declared.names import fold_path
from sst.config.declared.schema import DEVELOPMENT
from sst.config.habits.unread_files import unread_files
from sst.config.sources.dotenv import read_dotenv
from sst.config.sources.dynaconf_store import load
from sst.config.sources.environment import (
    asked_environment,
    control_problems,
    known_environment,
    tidy,
)
from sst.config.sources.files import DEFAULT_SECTION, SECRETS, read_settings, read_toml
from sst.config.sources.lint import (
    environments_of,
    file_names,
    lint,
    overruled_by_secrets,
    section_fault,
    table_conflicts,
    warn_readable,
)
from sst.errors import ConfigError, Problem

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    from sst.config.sources.files import TomlFile
    from sst.config.sources.source_values import SourceValue


def open_sources(
    root: Path,
    *,
    environ: Mapping[str, str] | None = None,
    overrides: Sequence[str] = (),
    left_out: Sequence[str] = (),
    environment: str | None = None,
    assume_secrets: bool = False,
) -> Sources:
    """Read the files and variables of the project at *root*; import no plugin.

    *environ* stands for `os.environ`, *overrides* are the texts of `--set`, *left_out* the
    names of `--no-plugin`, *environment* is asked for instead of the one that the variables name.
    With *assume_secrets* missing secrets are no problem: for CI, where there are none.

    Raises `ConfigError` with every problem that keeps the plugins from being known.
    """
    given = dict(os.environ if environ is None else environ)
    inputs = ProcessInputs(given, tuple(overrides), tuple(left_out))
    found = _gather(root.resolve(), inputs, environment, assume_secrets)
    # A traceback with local variables must not show them: nothing but problems is left here.
    del environ, overrides, given, inputs
    if not isinstance(found, Sources):
        raise ConfigError(found)
    return found


def early_secrets(
    root: Path, *, overrides: Sequence[str] = (), left_out: Sequence[str] = ()
) -> frozenset[str]:
    """Return what is known of the project at *root* before it is loaded; never raises.

    Where the settings cannot be read, that is what the process's variables hold.
    """
    try:
        return open_sources(root, overrides=overrides, left_out=left_out).secrets
    except Exception:  # noqa: BLE001 - it is asked for while an error is reported
        inputs = known_in_overrides(overrides) | known_for_plugins(os.environ, root)
        return inputs | known_in_variables(os.environ)


@dataclass(frozen=True, slots=True)
class ProcessInputs:
    """The variables of a process and the words of its command line."""

    environ: Mapping[str, str] = field(repr=False)
    overrides: tuple[str, ...] = field(repr=False)
    left_out: tuple[str, ...]


def _gather(
    root: Path,
    inputs: ProcessInputs,
    environment: str | None,
    assume_secrets: bool,  # noqa: FBT001 - passed on as it came
) -> Sources | list[Problem]:
    """Return the sources of the project at *root*, or every problem that stops here."""
    # Dynaconf reads the process's own variables too, whatever *inputs* says.
    stopping = [*control_problems([*inputs.environ, *os.environ])]
    settings = read_settings(root)
    if isinstance(settings, Problem):
        return [*stopping, settings]
    known = _known_environments(settings, inputs.environ, environment)
    chosen = _choose(inputs.environ, environment, known)
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
            file_values=(),
            environ=inputs.environ,
            dotenv={},
            overrides=inputs.overrides,
            left_out=inputs.left_out,
            assume_secrets=assume_secrets,
        ),
        known,
        is_own=environment is None,
    )


def _known_environments(
    settings: TomlFile, environ: Mapping[str, str], environment: str | None
) -> tuple[str, ...]:
    """Return the environments of *settings*; without the file whichever is asked for, too."""
    known = environments_of(settings)
    asked = environment or asked_environment(environ)
    if isinstance(asked, Problem) or settings.path.exists():
        return known
    name = tidy(asked if isinstance(asked, str) else asked[0])
    is_good = name != DEFAULT_SECTION and section_fault(name) is None
    return (*known, name) if is_good else known


def _choose(
    environ: Mapping[str, str], environment: str | None, known: Sequence[str]
) -> str | Problem:
    if environment is not None:
        return known_environment(environment, "--env", known)
    asked = asked_environment(environ)
    return asked if isinstance(asked, Problem) else known_environment(*asked, known)


def _read_files(root: Path, environment: str, settings: TomlFile) -> list[TomlFile | Problem]:
    optional = [root / name for name in file_names(environment)[1:]]
    own = [settings] if os.path.lexists(settings.path) else []
    return [*own, *(read_toml(path) for path in optional if os.path.lexists(path))]


def _open(
    sources: Sources, environments: Sequence[str], *, is_own: bool
) -> Sources | list[Problem]:
    source_values = _file_values(sources)
    dotenv, faults = _dotenv(sources)
    opened = replace(
        sources,
        file_values=source_values,
        dotenv=dotenv,
        problems=(*_structure(sources, source_values, environments), *faults),
        warnings=(
            *_warnings(replace(sources, file_values=source_values)),
            *unread_files(sources.root, sources.environment, environments, is_own=is_own),
        ),
    )
    return list(opened.stopping_problems()) or opened


def _file_values(sources: Sources) -> tuple[SourceValue, ...]:
    """Return what the files say; which value wins is Dynaconf's answer, its line is ours."""
    merged = load([file.path for file in sources.files], sources.environment)
    winners: dict[tuple[str, ...], Any] = {fold_path(path): v for path, v in merged.items()}
    sections = (DEFAULT_SECTION, sources.environment)
    source_values = [
        each for file in sources.files for name in sections for each in file.source_values(name)
    ]
    last = {each.path: position for position, each in enumerate(source_values)}
    return tuple(
        replace(each, value=winners[each.path]) if last[each.path] == position else each
        for position, each in enumerate(source_values)
    )


def _structure(
    sources: Sources, source_values: Sequence[SourceValue], environments: Sequence[str]
) -> list[Problem]:
    found = [
        problem
        for file in sources.files
        for problem in lint(file, environments, sources.environment)
    ]
    found += overruled_by_secrets(sources.files, sources.environment)
    return [
        *found,
        *table_conflicts({each.path: each.source for each in source_values}),
    ]


def _dotenv(sources: Sources) -> tuple[dict[str, str], tuple[Problem, ...]]:
    if sources.environment != DEVELOPMENT:
        return {}, ()
    return read_dotenv(sources.root, sources.environment)


def _warnings(sources: Sources) -> tuple[str, ...]:
    if not sources.is_protected:
        return ()
    told = [warn_readable(file) for file in sources.files if file.name == SECRETS]
    return tuple(text for text in told if text)
