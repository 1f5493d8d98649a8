"""The results of `config show`, `explain` and `diff`: values without secrets, no printing."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from sst.config.binding.read_value import contributing
from sst.config.declared.names import did_you_mean, name_of, path_of
from sst.config.show.masking import shown, shown_text
from sst.errors import UsageError

if TYPE_CHECKING:
    from sst.config.binding.configuration import Configuration, Entry
    from sst.config.show.checking import Project
    from sst.config.sources.source_values import Value


@dataclass(frozen=True, slots=True)
class ShownSetting:
    """One line of `config show`."""

    name: str
    value: Value
    """A JSON-ready value; a secret is a mask."""
    source: str
    is_secret: bool
    plugin: str | None
    description: str = ""


@dataclass(frozen=True, slots=True)
class Shown:
    """All settings of one environment."""

    environment: str
    settings: tuple[ShownSetting, ...]
    warnings: tuple[str, ...] = ()


def show(configuration: Configuration) -> Shown:
    """Return every setting with its value, secrets masked, and its source."""
    lines = tuple(
        ShownSetting(
            name=entry.setting.name,
            value=shown(entry.setting, entry.value, configuration.secrets),
            source=entry.source,
            is_secret=entry.setting.is_secret,
            plugin=entry.setting.plugin,
            description=entry.setting.description,
        )
        for entry in configuration.entries
    )
    return Shown(configuration.environment, lines, configuration.warnings)


@dataclass(frozen=True, slots=True)
class ShownSource:
    """The value of one source for the explained setting."""

    value: Value
    source: str
    is_in_force: bool = False
    """Whether the setting's value is made of it: the winner, and what a list grew from."""


@dataclass(frozen=True, slots=True)
class Explained:
    """Everything about one setting."""

    name: str
    key: str
    value: Value
    description: str
    type: str
    default: Any
    plugin: str | None
    owner: str
    """`the core`, `the application`, or the plugin's name."""
    voices: tuple[ShownSource, ...]
    """Every source that speaks, the winner first; the rest is overruled."""


def explain(configuration: Configuration, name: str) -> Explained:
    """Return all about the setting *name*, in either spelling.

    Raises `UsageError` when there is none.
    """
    entry = _entry(configuration, name)
    setting = entry.setting
    voices = tuple(
        ShownSource(
            shown(setting, source_value.value, configuration.secrets),
            source_value.source,
            is_in_force=position < len(contributing(entry.source_values[::-1], setting)),
        )
        for position, source_value in enumerate(entry.source_values)
    )
    return Explained(
        name=setting.name,
        key=setting.key,
        value=shown(setting, entry.value, configuration.secrets),
        description=setting.description,
        type=setting.type_name,
        default=shown(setting, setting.default, configuration.secrets),
        plugin=setting.plugin,
        owner=setting.owner,
        voices=voices,
    )


@dataclass(frozen=True, slots=True)
class Difference:
    """One setting that two environments disagree about."""

    name: str
    left: Any
    right: Any
    is_secret: bool


@dataclass(frozen=True, slots=True)
class Diff:
    """The differences between two environments, by the files."""

    left: str
    right: str
    differences: tuple[Difference, ...]


def diff(project: Project, left: str, right: str) -> Diff:
    """Return the settings that the files give other values in *right* than in *left*.

    Variables of this process are left out, and missing secrets are no problem.
    Raises `ConfigError`.
    """
    one = project.load_files(left, assume_secrets=True)
    other = project.load_files(right, assume_secrets=True)
    names = dict.fromkeys(entry.setting.name for entry in (*one.entries, *other.entries))
    found = tuple(
        difference for name in names if (difference := _compare(name, one, other)) is not None
    )
    return Diff(one.environment, other.environment, found)


def _entry(configuration: Configuration, name: str) -> Entry:
    wanted = name_of(path_of(name))
    known = {entry.setting.name: entry for entry in configuration.entries}
    if wanted not in known:
        raise UsageError(
            what=f"There is no setting {shown_text(wanted, configuration.secrets)!r}.",
            why=f"{configuration.environment} knows {len(known)} settings",
            next_step=did_you_mean(wanted, known) or "python migrate.py config show",
        )
    return known[wanted]


def _compare(name: str, one: Configuration, other: Configuration) -> Difference | None:
    left, right = _find(one, name), _find(other, name)
    if left and right and left.value == right.value:
        return None
    secret = any(entry.setting.is_secret for entry in (left, right) if entry)
    return Difference(name, _side(left, one), _side(right, other), secret)


def _find(configuration: Configuration, name: str) -> Entry | None:
    found = (entry for entry in configuration.entries if entry.setting.name == name)
    return next(found, None)


def _side(entry: Entry | None, configuration: Configuration) -> Value:
    if entry is None:
        return None
    return shown(entry.setting, entry.value, configuration.secrets)
