"""A setting's value as it may be shown: JSON-ready, secrets masked."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

from pydantic_core import to_jsonable_python

from sst.config.binding.protection import EMBEDDED
from sst.config.declared.durations import written
from sst.config.declared.nested import change_parts
from sst.redaction.redact import MASK, mask_credentials, redact
from sst.redaction.urls import mask_url, url_secrets

if TYPE_CHECKING:
    from sst.config.declared.nested import Part
    from sst.config.declared.setting import Setting
    from sst.config.sources.source_values import Value


def shown(setting: Setting, value: Value, secrets: frozenset[str]) -> Value:
    """Return *value* of *setting* as JSON can hold it; a secret is masked, its URL shortened."""
    plain = value.get_secret_value() if hasattr(value, "get_secret_value") else value
    if plain is None:
        return None
    if setting.is_url:
        return _shown_url(plain)
    if setting.is_secret:
        return MASK
    parts = change_parts(setting, plain, _shown_part)
    return _clean(to_jsonable_python(parts, fallback=str), secrets)


def _shown_part(part: Part) -> Value:
    if part.is_secret and part.value is not None:
        return MASK
    if url_secrets(str(part.value)):
        return mask_url(str(part.value))
    return written(part.value) if isinstance(part.value, timedelta) else part.value


def shown_text(text: str, secrets: frozenset[str]) -> str:
    """Return *text* without any of the *secrets* and without a URL's credentials."""
    return mask_credentials(redact(text, secrets))


def _shown_url(value: Value) -> str:
    text = str(value)
    return EMBEDDED if text.strip().lower() == EMBEDDED else mask_url(text)


def _clean(value: Value, secrets: frozenset[str]) -> Value:
    if isinstance(value, dict):
        return {shown_text(key, secrets): _clean(part, secrets) for key, part in value.items()}
    if isinstance(value, list):
        return [_clean(part, secrets) for part in value]
    return shown_text(value, secrets) if isinstance(value, str) else value
