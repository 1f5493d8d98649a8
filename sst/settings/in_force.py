"""The settings in force in this process, one for each project, and what a test puts over them."""

from __future__ import annotations

import threading
import weakref
from contextlib import contextmanager
from typing import TYPE_CHECKING, Protocol

from sst.config import open_sources
from sst.settings.loading import load_configuration
from sst.settings.overriding import Values, overridden

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

    from sst.config import Configuration
    from sst.settings.loading import Loaded


class Reader(Protocol):
    """Whoever keeps values: it is given the new ones when they change."""

    def refresh(self, values: Values) -> None:
        """Take *values* in the place of those before."""


class InForce:
    """The settings of the project at *root*; loaded once, at their first use."""

    def __init__(self, root: Path) -> None:
        self._root = root
        self._lock = threading.RLock()
        self._loaded: Values | None = None
        self._unclaimed: Loaded | None = None
        self._changes: list[Mapping[str, object]] = []
        self._readers: weakref.WeakSet[Reader] = weakref.WeakSet()

    def values(self) -> Values:
        """Return the settings, loaded as every command loads them. Raises `ConfigError`."""
        with self._lock:
            if self._loaded is None:
                loaded = load_configuration(open_sources(self._root))
                self._unclaimed = loaded
                self._loaded = values_of(loaded.configuration)
            return self._over(self._loaded)

    def publish(self, configuration: Configuration) -> None:
        """Let *configuration*, which a runtime was opened with, be in force."""
        with self._lock:
            self._loaded, self._unclaimed = values_of(configuration), None
            self._tell()

    def claim(self) -> Loaded | None:
        """Return what the first use has loaded, once: secret stores are asked only once."""
        with self._lock:
            found, self._unclaimed = self._unclaimed, None
            return found

    def join(self, reader: Reader) -> None:
        """Give *reader* the values, now and whenever they change."""
        with self._lock:
            reader.refresh(self.values())
            self._readers.add(reader)

    @contextmanager
    def override(self, changes: Mapping[str, object]) -> Iterator[None]:
        """Put *changes* over the settings for the body, in every thread of this process.

        Raises `UsageError` for a name that is no setting, `ConfigError` for a value that is wrong.
        """
        with self._lock:
            overridden(self.values(), changes)
            self._changes.append(changes)
            self._tell()
        try:
            yield
        finally:
            with self._lock:
                # The same object, not an equal one: two overrides may say the same.
                self._changes = [one for one in self._changes if one is not changes]
                self._tell()

    def over(self, values: Values) -> Values:
        """Return *values*, those of one runtime, with what a test has put over them."""
        if not self._changes:
            return values
        with self._lock:
            return self._over(values)

    def _over(self, values: Values) -> Values:
        for changes in self._changes:
            values = overridden(values, changes)
        return values

    def _tell(self) -> None:
        for reader in list(self._readers):
            reader.refresh(self.values())


def values_of(configuration: Configuration) -> Values:
    """Return the values of *configuration*, as code reads them."""
    return Values(configuration.settings, configuration.application, configuration.secrets)


def in_force(root: Path) -> InForce:
    """Return the settings in force of the project at *root*, always the same object."""
    with _LOCK:
        return _PROJECTS.setdefault(root.resolve(), InForce(root.resolve()))


def projects() -> tuple[Path, ...]:
    """Return the folders of the projects whose settings somebody here has asked for."""
    return tuple(_PROJECTS)


_LOCK = threading.Lock()
_PROJECTS: dict[Path, InForce] = {}
