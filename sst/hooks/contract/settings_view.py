"""The settings of the platform and of the application as a plugin reads them: secrets apart."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NoReturn

from sst.config.declared.annotations import is_secret_field
from sst.config.declared.names import APP, did_you_mean, name_of

if TYPE_CHECKING:
    from collections.abc import Callable

    from pydantic import BaseModel

    from sst.config import Settings


class SettingsView:
    """Settings to read, by the names that they have in settings.toml.

    `settings.log_level`, `settings.migrate.lock_timeout`, `settings.app.page_size`. A secret is
    not there: a plugin that needs one has it as a setting of its own.
    """

    __slots__ = ("_parts", "_place")

    def __init__(
        self, parts: Callable[[], dict[str, BaseModel | None]], place: tuple[str, ...] = ()
    ) -> None:
        object.__setattr__(self, "_parts", parts)
        object.__setattr__(self, "_place", place)

    @classmethod
    def of(cls, core: Settings, application: BaseModel | None = None) -> SettingsView:
        """Return a view of *core* and, below `app`, of the *application*'s own settings."""
        return cls(lambda: {"": core, APP: application})

    def __getattr__(self, name: str) -> Any:  # noqa: ANN401 - whatever type the setting has
        """Return the value of *name*; a table is a view as well, a list a tuple."""
        if name.startswith("_"):
            raise AttributeError(name)
        parts = self._parts()
        if name in parts and parts[name] is not None:
            return _seen(parts[name], (*self._place, name))
        model = parts[""]
        info = type(model).model_fields.get(name) if model else None
        place = (*self._place, name)
        if info is None:
            near = did_you_mean(name, dir(self))
            raise AttributeError(
                f"there is no setting {name_of(place)}; {near}".removesuffix("; ")
            )
        if is_secret_field(name, info):
            hint = "declare a setting of the plugin's own for it, in its Config"
            raise AttributeError(
                f"{name_of(place)} is a secret, which no plugin reads here; {hint}"
            )
        return _seen(getattr(model, name), place)

    def __dir__(self) -> list[str]:
        """Return the names that can be read, and those of secrets."""
        parts = self._parts()
        model = parts[""]
        own = type(model).model_fields if model else ()
        return sorted([*own, *(name for name, part in parts.items() if name and part is not None)])

    def __setattr__(self, name: str, value: object) -> NoReturn:
        """Refuse: settings are only read."""
        raise AttributeError(f"settings are only read: {name} stays as it is")

    def __repr__(self) -> str:
        """Return no value: a text of the application may hold what is not for a log."""
        return f"SettingsView({', '.join(dir(self))})"

    def __reduce__(self) -> NoReturn:
        """Refuse to be pickled: behind it are the secrets."""
        message = "a SettingsView is not pickled: behind it are the secrets"
        raise TypeError(message)


def _seen(value: Any, place: tuple[str, ...]) -> Any:  # noqa: ANN401
    """Return *value* as a plugin may have it: models as views, secrets in them not at all."""
    if hasattr(type(value), "model_fields"):
        return SettingsView(lambda: {"": value}, place)
    if isinstance(value, dict):
        return {key: _seen(part, (*place, str(key))) for key, part in value.items()}
    if isinstance(value, list | tuple | set | frozenset):
        return tuple(_seen(part, place) for part in value)
    return None if hasattr(value, "get_secret_value") else value
