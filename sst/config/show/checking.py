"""Load the settings for the `config` commands, and check those of every environment."""

from __future__ import annotations

import os
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from sst.config.binding.open_sources import open_sources
from sst.config.sources.environment import asked_environment, tidy
from sst.config.sources.files import TomlFile, read_settings
from sst.config.sources.lint import environments_of
from sst.errors import ConfigError, Problem

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from pathlib import Path

    from sst.config.binding.configuration import Configuration
    from sst.config.binding.sources import Sources

    Connect = Callable[[Sources], Configuration]
    """Find the plugins that the sources enable, and bind with their sections and values."""


@dataclass(frozen=True, slots=True)
class Project:
    """Where the settings are, and how the caller adds its plugins to them."""

    root: Path
    connect: Connect
    connect_files: Connect
    """The same without asking any secret store: for environments that are not this process's."""
    environ: Mapping[str, str] | None = field(default=None, repr=False)
    overrides: tuple[str, ...] = field(default=(), repr=False)
    left_out: tuple[str, ...] = ()

    def load(self, *, assume_secrets: bool = False) -> Configuration:
        """Return the configuration of this process. Raises `ConfigError`."""
        return self.connect(
            open_sources(
                self.root,
                environ=self.environ,
                overrides=self.overrides,
                left_out=self.left_out,
                assume_secrets=assume_secrets,
            )
        )

    def load_files(self, environment: str, *, assume_secrets: bool = False) -> Configuration:
        """Return what the files alone say for *environment*.

        The variables of this process belong to its own environment.
        Raises `ConfigError`.
        """
        return self.connect_files(
            open_sources(
                self.root, environ={}, environment=environment, assume_secrets=assume_secrets
            )
        )


@dataclass(frozen=True, slots=True)
class CheckedEnvironment:
    """The problems of the configuration of one environment."""

    environment: str
    problems: tuple[Problem, ...]
    warnings: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Checked:
    """The outcome of `config check`."""

    environments: tuple[CheckedEnvironment, ...]

    def cleaned(self, clean: Callable[[str], str]) -> Checked:
        """Return the same with texts made *clean*: a plugin's exception says what it will."""
        environments = (
            replace(one, problems=tuple(_cleaned(each, clean) for each in one.problems))
            for one in self.environments
        )
        return Checked(tuple(environments))

    @property
    def problems(self) -> tuple[Problem, ...]:
        """Every problem once, in the order of the environments."""
        found = [problem for one in self.environments for problem in one.problems]
        return tuple(dict.fromkeys(found))

    @property
    def exit_code(self) -> int:
        """0 when all environments are right, else 2."""
        return ConfigError.exit_code if self.problems else 0


def check(project: Project, *, names: Sequence[str] = (), assume_secrets: bool = False) -> Checked:
    """Check the environments *names*, or this process's own; connect to nothing.

    Other environments than this process's own are checked as the files have them.
    """
    own = _own_environment(project)
    asked = names or ([own] if own else [""])
    return Checked(
        tuple(
            _check_one(project, tidy(name), own, assume_secrets=assume_secrets) for name in asked
        )
    )


def every_environment(root: Path) -> tuple[str, ...]:
    """Return the environments of settings.toml. Raises `ConfigError` when it cannot be read."""
    settings = read_settings(root)
    if not isinstance(settings, TomlFile):
        raise ConfigError([settings])
    return environments_of(settings)


def _cleaned(problem: Problem, clean: Callable[[str], str]) -> Problem:
    return replace(problem, what=clean(problem.what), hint=clean(problem.hint))


def _own_environment(project: Project) -> str | None:
    """Return the environment that the variables name; None when they disagree."""
    asked = asked_environment(os.environ if project.environ is None else project.environ)
    return None if isinstance(asked, Problem) else asked[0]


def _check_one(
    project: Project, name: str, own: str | None, *, assume_secrets: bool
) -> CheckedEnvironment:
    try:
        if name in (own, ""):
            found = project.load(assume_secrets=assume_secrets)
        else:
            found = project.load_files(name, assume_secrets=assume_secrets)
    except ConfigError as error:
        return CheckedEnvironment(name or "?", error.problems)
    return CheckedEnvironment(found.environment, (), found.warnings)
