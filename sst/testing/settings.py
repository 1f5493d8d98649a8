"""Other settings for a test: a context manager, a decorator and a fixture."""

from __future__ import annotations

import functools
import inspect
from contextlib import ExitStack, contextmanager
from typing import TYPE_CHECKING, Any, ParamSpec, Protocol, Self, TypeVar

import pytest

from sst.hooks.contract.settings_view import SettingsView
from sst.project_root import require_project_root
from sst.settings.in_force import in_force, projects

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from pydantic import BaseModel

P = ParamSpec("P")
R = TypeVar("R")


class override_settings:  # noqa: N801 - read as a verb, `with override_settings(...)`
    """Put other values over the settings, for a `with` block or for a decorated function.

    Names are those of the environment in lower case: `debug=True`, `app__max_upload_mb=1`,
    `migrate__lock_wait=0`. The values are validated as a source's are, and are seen by everything
    in the process that reads settings when it needs them: the application's `settings`, in every
    thread, an application that is already made, what plugins read. What was built from a setting
    before, such as an engine and its pool, stays as it is.

    *project_root* says which project, where a process has more than one.
    Raises `UsageError` for a name that is no setting, `ConfigError` for a value that is wrong.
    """

    def __init__(self, *, project_root: Path | None = None, **values: Any) -> None:
        self._root = project_root
        self._values = values
        self._entered: list[ExitStack] = []

    def __enter__(self) -> Self:
        """Put the values in force."""
        with ExitStack() as stack:
            stack.enter_context(in_force(self._root or _only_root()).override(dict(self._values)))
            self._entered.append(stack.pop_all())
        return self

    def __exit__(self, *exc_info: object) -> None:
        """Take them away again."""
        self._entered.pop().close()

    def __call__(self, function: Callable[P, R]) -> Callable[P, R]:
        """Return *function*, also an asynchronous one, with the values in force while it runs."""
        if isinstance(function, type) or not callable(function):
            raise TypeError("override_settings decorates functions: decorate those of the class")
        if inspect.iscoroutinefunction(function):

            @functools.wraps(function)
            async def awaited(*args: Any, **kwargs: Any) -> Any:  # noqa: ANN401
                with self:
                    return await function(*args, **kwargs)

            return awaited  # type: ignore[return-value]

        @functools.wraps(function)
        def called(*args: P.args, **kwargs: P.kwargs) -> R:
            with self:
                return function(*args, **kwargs)

        return called


class Override(Protocol):
    """What the fixture `settings_override` gives."""

    def __call__(self, *, project_root: Path | None = None, **values: Any) -> None:
        """Put *values* in force until the test ends."""


@contextmanager
def overriding() -> Iterator[Override]:
    """Give a function that overrides settings until the body ends."""
    with ExitStack() as stack:

        def override(*, project_root: Path | None = None, **values: Any) -> None:
            stack.enter_context(override_settings(project_root=project_root, **values))

        yield override


@pytest.fixture(name="override_settings")
def override_settings_fixture() -> Iterator[Override]:
    """Return a function that puts other settings in force until the test ends."""
    with overriding() as override:
        yield override


def some_settings(application: BaseModel | None = None, **values: Any) -> SettingsView:
    """Return settings as a plugin reads them: *values* of the core, and the *application*'s."""
    from sst.config import Settings

    return SettingsView.of(Settings(**values), application)


def _only_root() -> Path:
    """Return the one project whose settings are in use here, else that of the working folder."""
    found = projects()
    return found[0] if len(found) == 1 else require_project_root()
