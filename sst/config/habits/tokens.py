"""Dynaconf's tokens at the beginning of a value (`@int 5`), which are not obeyed here."""

from __future__ import annotations

import re
from enum import Enum
from typing import TYPE_CHECKING, Any, get_args

from sst.config.declared.annotations import Annotation, Kind, choices, kind_of

if TYPE_CHECKING:
    from sst.config.declared.setting import Setting

_CASTS = "@int @float @bool @str @json @upper @lower @title @capitalize @strip @lstrip @rstrip"
_CASTS += " @split @casefold @swapcase"
_FORMS = "@format @jinja @get"
_MERGES = "@merge @merge_unique @insert"
_NOTHING = "@none @null @note @comment @empty @del"
_TOKENS = frozenset(f"{_CASTS} {_FORMS} {_MERGES} {_NOTHING} @reset @read_file".split())
_PLAIN = re.compile(r"[-+\w.]{1,20}")
_UNMISTAKABLE = re.compile(
    r"@(format\s+.*\{(env|this)[\[.]|jinja\s+.*\{\{|read_file\s+[\w./~-]+$)"
)
_VARIABLE = re.compile(r"@format \{env\[(\w+)\]\}")


def token_in(value: object) -> str:
    """Return the token that *value* begins with as Dynaconf reads it, or nothing."""
    word = value.partition(" ")[0] if isinstance(value, str) else ""
    return word if word in _TOKENS else ""


def is_free_text(annotation: Annotation) -> bool:
    """Say whether any text is a value of *annotation*."""
    allowed = choices(annotation)
    enums = all(isinstance(one, type) and issubclass(one, Enum) for one in allowed)
    return kind_of(annotation) is Kind.TEXT and not (allowed and enums)


def refused_token(value: Any, annotation: Annotation) -> str:  # noqa: ANN401 - a file's value
    """Return the first text in *value* that begins with a token where no free text may stand."""
    if isinstance(value, str):
        return value if token_in(value) and not is_free_text(annotation) else ""
    inside = [part for one in choices(annotation) for part in get_args(one)]
    below = inside[-2:-1] if inside[-1:] == [...] else inside[-1:]
    if not below or not isinstance(value, list | tuple | dict):
        return ""
    parts = value.values() if isinstance(value, dict) else value
    return next(filter(None, (refused_token(part, below[0]) for part in parts)), "")


def advice(text: str, setting: Setting) -> str:
    """Return what to write instead of *text*, which begins with a token, for *setting*."""
    token, _, rest = text.partition(" ")
    if token == "@read_file":  # noqa: S105 - a word of Dynaconf's
        return f"set {setting.name}_FILE to the path of the file"
    if token in _MERGES.split():
        return _instead_of_merge(setting)
    if token in _NOTHING.split():
        return "leave the setting out where its default is meant"
    if variable := _VARIABLE.fullmatch(text):
        return f"set {setting.name} itself, not {variable[1]}"
    if token in _FORMS.split():
        return f"write the value itself, or set the variable {setting.name}"
    is_shown = _PLAIN.fullmatch(rest.strip()) and not setting.is_secret
    return f"write {rest.strip()}" if is_shown else "write the value alone"


def warn_token(setting: Setting, value: object, source: str) -> str | None:
    """Return a warning when *value*, a text that stays as it is, looks like a form of Dynaconf's.

    A secret may begin as it likes: only what is a form and nothing else is named, and without it.
    """
    token = token_in(value)
    if not token or not isinstance(value, str) or not is_free_text(setting.annotation):
        return None
    if setting.is_secret and not (setting.is_url or _UNMISTAKABLE.match(value)):
        return None
    word = "a form of Dynaconf's" if setting.is_secret else f"{token}, a word of Dynaconf's"
    text = f"{setting.name} begins with {word}, and stays as it is written [{source}]"
    return text if setting.is_secret else f"{text} -> {advice(value, setting)}"


def _instead_of_merge(setting: Setting) -> str:
    if setting.kind is Kind.LIST:
        return f"""write {setting.name}='["dynaconf_merge", "x"]' to append to the list below"""
    if setting.kind is Kind.TABLE:
        return "write the keys alone: a table is merged key by key anyway"
    return "write the value alone"
