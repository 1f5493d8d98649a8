"""The door to Dynaconf, which reads the files and decides which section and which file wins.

Every option below closes a way in which an unguarded Dynaconf is steered from outside:
no environment loader, no casting (`@format`, `@jinja`), no hooks beside the files, no `.env`.
"""

from __future__ import annotations

import threading
import warnings
from typing import TYPE_CHECKING, Any

from sst.config.declared.names import fold_path
from sst.config.sources.files import leaves

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    from sst.config.sources.source_values import Value

# Dynaconf was never made for threads (its issues 21 and 265): one load at a time.
_LOCK = threading.Lock()
# No name of a setting starts so: nothing in a file can meet one of Dynaconf's own names.
_OURS = ":"


class _Leaf:
    """One value as the file has it; opaque, so that Dynaconf neither parses nor prints it."""

    __slots__ = ("path", "value")

    def __init__(self, path: tuple[str, ...], value: Value) -> None:
        self.path = path
        self.value = value

    def __repr__(self) -> str:
        """Return no value: Dynaconf keeps a history of all it has loaded."""
        return f"_Leaf({'.'.join(self.path)})"


def load(files: Sequence[Path], environment: str) -> dict[tuple[str, ...], Any]:
    """Return what *files*, low to high, say for *environment*, by path.

    Tables are merged key by key; lists that grow do so later, with those of the variables.
    The Dynaconf object is thrown away: it is mutable, untyped and remembers every secret.
    """
    with _LOCK, warnings.catch_warnings():
        # PROJECT_ROOT and the like in the environment are deprecated words of Dynaconf's.
        warnings.simplefilter("ignore", DeprecationWarning)
        store = _load_store(files, environment)
    found = [value for key, value in store.items() if key.startswith(_OURS)]
    return {leaf.path: leaf.value for leaf in found}


def _load_store(files: Sequence[Path], environment: str) -> Mapping[str, Any]:
    # Here, because the import takes 80 ms that only a load may cost.
    from dynaconf import Dynaconf
    from dynaconf.loaders import toml_loader

    settings = Dynaconf(
        root_path=str(files[0].parent) if files else None,
        settings_files=[],
        settings_file=[],
        environments=True,
        force_env=environment,
        envvar_prefix=None,
        loaders=[],
        core_loaders=["TOML"],
        includes=[],
        preload=[],
        secrets=None,
        load_dotenv=False,
        auto_cast=False,
        dotted_lookup=False,
        merge_enabled=False,
        filter_strategy=_flatten,
        # Nothing is loaded while it is made: the files below are all that is ever read.
        dynaconf_skip_loaders=True,
        dynaconf_skip_validators=True,
    )
    for path in files:
        # `settings_files=` would run a dynaconf_hooks.py that lies beside them; `load_file` takes
        # a path for a glob pattern and reads settings.local.toml unasked, in production too.
        toml_loader.load(settings, env=environment, filename=[str(path)])
    store: Mapping[str, Any] = settings.store
    return store


def _flatten(section: Mapping[str, Any]) -> dict[str, _Leaf]:
    """Return *section* with one key for each value: that is what makes tables merge."""
    return {_key(path): _Leaf(path, value) for path, value in leaves(section)}


def _key(path: tuple[str, ...]) -> str:
    """Return a key that Dynaconf keeps as it is: it folds case and splits at dots."""
    return _OURS + "\0".join(fold_path(path)).encode().hex().upper()
