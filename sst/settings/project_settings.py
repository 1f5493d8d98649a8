"""All settings of a project as one object: typed, frozen, loaded at its first use."""

from __future__ import annotations

import sys
from dataclasses import FrozenInstanceError
from pathlib import Path
from typing import TYPE_CHECKING, Any, Generic, NoReturn, Self, TypeVar

from pydantic import BaseModel

from sst.config.declared.names import APP, APP_SETTINGS, did_you_mean, nearest
from sst.errors import ConfigError, Problem, SstError
from sst.project_root import find_project_root, require_project_root
from sst.redaction.redact import redact
from sst.settings.in_force import in_force

if TYPE_CHECKING:
    from collections.abc import Collection

    from sst.config import Settings
    from sst.settings.overriding import Values

Application = TypeVar("Application", bound=BaseModel)


if TYPE_CHECKING:

    class ProjectSettings(Settings, Generic[Application]):
        """The core's settings, and below `app` the application's own, which is all that is new."""

        app: Application

else:

    class ProjectSettings(Generic[Application]):
        """The core's settings, and below `app` the application's own.

        Its attributes are in its own dictionary from the first use on: reading one costs what
        reading an attribute of any object costs.
        """

        __slots__ = ("__dict__", "__weakref__", "_model", "_root", "_secrets")

        def __init__(self, model: type[Application], root: Path | None) -> None:
            object.__setattr__(self, "_model", model)
            object.__setattr__(self, "_root", root)
            object.__setattr__(self, "_secrets", frozenset())

        def __getattr__(self, name: str) -> Any:  # noqa: ANN401 - whichever setting
            """Load the settings when the first of them is asked for."""
            if name.startswith("_"):
                raise AttributeError(name)
            if not self.__dict__:
                _load(self)
                return getattr(self, name)
            near = _near(name, self.__dict__, self._model)
            raise AttributeError(f"there is no setting {name!r}; {near}".removesuffix("; "))

        def __setattr__(self, name: str, value: object) -> NoReturn:
            """Refuse: settings do not change while a process runs."""
            raise FrozenInstanceError(_FROZEN.format(name))

        def __delattr__(self, name: str) -> NoReturn:
            """Refuse, as setting one is refused."""
            raise FrozenInstanceError(_FROZEN.format(name))

        def refresh(self, values: Values) -> None:
            """Take *values*: they are loaded, or a test has put others over them."""
            _require_model(self._model, values)
            object.__setattr__(self, "_secrets", values.secrets)
            # One step: a thread that reads sees the old values or the new ones.
            object.__setattr__(self, "__dict__", dict(values.core) | {APP: values.application})

        def __repr__(self) -> str:
            """Return every setting with its value, secrets masked."""
            if not self.__dict__:
                _load(self)
            shown = ", ".join(f"{name}={value!r}" for name, value in self.__dict__.items())
            return redact(f"{type(self).__name__}({shown})", self._secrets)

        def __dir__(self) -> list[str]:
            """Return the names of the settings, for a REPL."""
            if not self.__dict__:
                _load(self)
            return sorted(self.__dict__)

        def __copy__(self) -> Self:
            """Return itself: there is one set of settings in a process."""
            return self

        def __deepcopy__(self, memo: dict[int, object]) -> Self:
            """Return itself, for the same reason."""
            return self

        def __reduce__(self) -> NoReturn:
            """Refuse to be pickled: a pickle would hold the secrets."""
            message = "settings are not pickled: they hold secrets; import them there instead"
            raise TypeError(message)


def project_settings(
    model: type[Application], root: Path | None = None
) -> ProjectSettings[Application]:
    """Return the settings of the project, whose application's own are a *model*.

    Nothing is read before the first attribute is; the result is then the same object with the
    same values in every thread. *root* is the project's folder: without it the one above the
    module of *model*, else above the working folder.

    Its first use raises `ConfigError` where a command would refuse to start.
    """
    return ProjectSettings(model, root)  # type: ignore[call-arg]


def _load(settings: Any) -> None:  # noqa: ANN401 - mypy sees another class
    try:
        in_force(settings._root or _root_of(settings._model)).join(settings)  # noqa: SLF001 - its own
    except SstError as error:
        # It says what is wrong; how the settings are loaded is nothing that its reader could mend.
        raise error.with_traceback(None) from None


def _root_of(model: type[BaseModel]) -> Path:
    file = getattr(sys.modules.get(model.__module__), "__file__", None)
    above = find_project_root(Path(file).resolve().parent) if file else None
    return above or require_project_root()


def _near(name: str, core: Collection[str], model: type[BaseModel]) -> str:
    """Return what *name* was meant to be: a setting of the core, or one of the application's."""
    own = nearest(name, model.model_fields)
    return did_you_mean(name, core) or (f"did you mean '{APP}.{own}'?" if own else "")


def _require_model(model: type[BaseModel], values: Values) -> None:
    """Raise `ConfigError` when the settings name another model than the code reads."""
    if isinstance(values.application, model):
        return
    wanted = f"{model.__module__}:{model.__qualname__}"
    what = f"names no model, and the code reads {wanted}"
    if values.application is not None:
        what = f"names another model than the code reads, which is {wanted}"
    hint = f'write {APP_SETTINGS} = "{wanted}" below [default] of settings.toml'
    raise ConfigError([Problem(APP_SETTINGS, what, hint=hint)])


_FROZEN = "settings are frozen: {} stays as it is; in a test use sst.testing.override_settings"
