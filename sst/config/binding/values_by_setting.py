"""The source values of all sources, sorted to their settings."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from sst.config.binding.read_value import (
    contributing,
    grows_there,
    parse_json,
    without_quotes,
)
from sst.config.declared.annotations import Kind
from sst.config.declared.names import TARGETS, fold
from sst.config.declared.nested import below, parts_of
from sst.config.habits.list_markers import grows, without_markers
from sst.config.habits.tokens import warn_token
from sst.redaction.urls import url_secrets

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from sst.config.declared.catalog import Catalog
    from sst.config.declared.setting import Setting
    from sst.config.sources.source_values import SourceValue, Value


@dataclass(frozen=True, slots=True)
class ValuesBySetting:
    """All words by the setting that they are about, low to high; its `repr` holds no value."""

    catalog: Catalog = field(repr=False)
    by_setting: Mapping[tuple[str, ...], tuple[SourceValue, ...]] = field(repr=False)

    @classmethod
    def of(cls, source_values: Iterable[SourceValue], catalog: Catalog) -> ValuesBySetting:
        """Sort *source_values*, low to high, to their settings; a word about none is left out."""
        found: dict[tuple[str, ...], list[SourceValue]] = {}
        for source_value in source_values:
            match = catalog.find(source_value.path)
            if match:
                found.setdefault(match[0].path, []).append(source_value)
        return cls(catalog, {path: tuple(about) for path, about in found.items()})

    def about(self, setting: Setting) -> tuple[SourceValue, ...]:
        """Return the words about *setting*, low to high."""
        return self.by_setting.get(setting.path, ())

    def source(self, setting: Setting) -> str:
        """Return where the value of *setting* comes from; nothing when no source speaks."""
        return sources_of(self.about(setting), setting)

    def source_at(self, setting: Setting, place: Sequence[str | int]) -> str:
        """Return where the part at *place* in the value of *setting* comes from."""
        for each in reversed(self.about(setting)):
            if _gives(each, setting, place):
                return each.source
        return self.source(setting)

    def sources_below(self, path: tuple[str, ...]) -> str:
        """Return where the settings below *path* come from; nothing when that are many places."""
        found = dict.fromkeys(
            self.source(setting)
            for own, setting in self.catalog.settings.items()
            if own[: len(path)] == path and self.about(setting)
        )
        return " and ".join(found) if len(found) <= _FEW else ""

    def text(self, setting: Setting) -> str:
        """Return the effective value as written when it is a text, else nothing."""
        source_values = self.about(setting)
        value = source_values[-1].value if source_values else ""
        text = value if isinstance(value, str) else ""
        return without_quotes(text) if setting.is_url else text

    def token_warnings(self) -> tuple[str, ...]:
        """Return a warning for each text in force that looks like a form of Dynaconf's."""
        told = (
            warn_token(setting, about[-1].value, about[-1].source)
            for setting in self.catalog.settings.values()
            if (about := self.about(setting))
        )
        return tuple(text for text in told if text)

    def secrets(self) -> frozenset[str]:
        """Return every text, the overruled ones too, that must never be printed."""
        found: set[str] = set()
        for setting in self.catalog.settings.values():
            for source_value in self.about(setting):
                found |= secret_texts(setting, source_value.value)
                found |= _secrets_inside(setting, source_value)
                if setting.path[: len(TARGETS)] == TARGETS:
                    rest = ".".join(source_value.path[len(setting.path) :])
                    found |= self._secrets_of_targets(source_value.value, rest)
        return frozenset(found)

    def _secrets_of_targets(self, value: Value, key: str) -> set[str]:
        """Return the secrets in *value*, which holds settings of targets by their own keys.

        *key* is what it stands below, `plugins.notify`; empty for a list of entries.
        """
        given = parse_json(value) if isinstance(value, str) else value
        if isinstance(given, list | tuple):
            return {text for one in given for text in self._secrets_of_targets(one, key)}
        if isinstance(given, dict):
            own = given.get("settings", given)
            parts = own.items() if isinstance(own, dict) else ()
            named = [(f"{key}.{name}".removeprefix("."), one) for name, one in parts]
            return {text for name, one in named for text in self._secrets_of_targets(one, name)}
        found = self.catalog.find(key.split(".")) if key else None
        is_text = isinstance(value, str | int) and not isinstance(value, bool)
        return {str(value)} if found and found[0].is_secret and is_text else set()


def _gives(source_value: SourceValue, setting: Setting, place: Sequence[str | int]) -> bool:
    """Say whether *source_value* has something at *place* in the value of *setting*."""
    value, rest = source_value.value, source_value.path[len(setting.path) :]
    if isinstance(value, str) and not rest and setting.kind in (Kind.LIST, Kind.TABLE):
        value = parse_json(value)
    for part in reversed(rest):
        value = {part: value}
    for step in place:
        if isinstance(value, dict):
            value = next((value[key] for key in value if fold(key) == fold(str(step))), None)
        elif isinstance(value, list) and isinstance(step, int) and not grows(value):
            value = value[step] if step < len(value) else None
        else:
            break
    return value is not None


_FEW = 3


def sources_of(source_values: Sequence[SourceValue], setting: Setting) -> str:
    """Return where the value of *setting* comes from, by all its *source_values*, low to high."""
    parts = contributing(source_values, setting)
    above = [each.source for each in parts]
    is_from_default = bool(parts and setting.default) and grows_there(parts[0], setting)
    return " and ".join(["default", *above] if is_from_default else above)


def secret_texts(setting: Setting, value: Value) -> frozenset[str]:
    """Return the texts in *value* that must not be printed when *setting* has it."""
    texts = _texts_in(value, numbers=not setting.is_mapping)
    if setting.is_secret and isinstance(value, str) and setting.kind in (Kind.LIST, Kind.TABLE):
        texts += _texts_in(parse_json(value), numbers=False)
    texts += [without_quotes(text) for text in texts if setting.is_url]
    urls = {part for text in texts for part in url_secrets(text)}
    if not setting.is_secret or setting.is_url:
        unclear = {text for text in texts if setting.is_url and "://" not in text}
        return frozenset(urls | (unclear - _SPOKEN_URLS) | _secret_parts(setting, value))
    return frozenset(urls | set(texts))


def _secrets_inside(setting: Setting, source_value: SourceValue) -> set[str]:
    """Return the secrets of a source that gives one key of a table."""
    annotation, is_secret = setting.annotation, setting.is_secret
    rest = source_value.path[len(setting.path) :]
    for step in rest:
        annotation, is_marked = below(annotation, step)
        is_secret = is_secret or is_marked
    if not rest or setting.is_secret:
        return set()
    part = replace(setting, annotation=annotation, is_secret=is_secret)
    if is_secret and isinstance(source_value.value, str | int):
        return {str(source_value.value)}
    return _secret_parts(part, source_value.value)


def _secret_parts(setting: Setting, value: Value) -> set[str]:
    """Return the secrets in a list or a table whose other parts may be shown."""
    is_parsed = isinstance(value, str) and (setting.is_table or setting.kind is Kind.LIST)
    given = parse_json(value) if is_parsed else value
    if not isinstance(given, dict | list):
        return set()
    found = (part.value for part in parts_of(setting, given) if part.is_secret)
    return {str(text) for text in found if text is not None and not isinstance(text, bool)}


_SPOKEN_URLS = {"embedded", ""}


def _texts_in(value: Value, *, numbers: bool) -> list[str]:
    """Return the texts in *value*; with *numbers* a password of digits too, but no port."""
    if isinstance(value, dict):
        return [text for part in value.values() for text in _texts_in(part, numbers=numbers)]
    if isinstance(value, (list, tuple)):
        meant = without_markers(value) if grows(value) else value
        return [text for part in meant for text in _texts_in(part, numbers=numbers)]
    is_none = value is None or isinstance(value, bool)
    return [] if is_none or (isinstance(value, int | float) and not numbers) else [str(value)]
