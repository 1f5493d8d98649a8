"""Which source wins, for any combination of them."""

from __future__ import annotations

from itertools import combinations
from typing import TYPE_CHECKING

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import BaseModel

from sst.config import PluginValue, open_sources

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from tests.unit.config.conftest import Site


class Backup(BaseModel):
    """The settings of a plugin."""

    directory: str = "backups"
    keep: int = 3


LAYERS = (
    "settings.toml [default]",
    "settings.toml [development]",
    ".secrets.toml [default]",
    ".secrets.toml [development]",
    "settings.local.toml [default]",
    "settings.local.toml [development]",
    ".env",
    "plugin",
    "file",
    "environment",
    "--set",
)
NAMES = (
    ("LOG_LEVEL",),
    ("migrate", "lock_wait"),
    ("migrate", "alembic_section"),
    ("plugins", "backup", "directory"),
    ("plugins", "backup", "keep"),
)
_NUMBERS = {("migrate", "lock_wait"), ("plugins", "backup", "keep")}
_LEVELS = ("DEBUG", "INFO", "WARNING", "ERROR", "CRITICAL")


def value_of(path: tuple[str, ...], layer: int) -> str:
    """Return a text that says which *layer* gave it, as far as the type has room for that."""
    if path == ("LOG_LEVEL",):
        return _LEVELS[layer % len(_LEVELS)]
    return str(layer + 100) if path in _NUMBERS else f"value-of-{layer}"


def variable(path: tuple[str, ...]) -> str:
    """Return the setting's name in the environment."""
    return "__".join(path).upper()


def toml(path: tuple[str, ...], layer: int) -> str:
    """Return the line of *path* in a file."""
    value = value_of(path, layer)
    return f"{path[-1]} = {value}" if path in _NUMBERS else f'{path[-1]} = "{value}"'


def write_files(root: Path, values_by_setting: set[tuple[tuple[str, ...], int]]) -> None:
    """Write the files of the first six layers."""
    for number, name in enumerate(("settings.toml", ".secrets.toml", "settings.local.toml")):
        text = ["[development]", *sections(number, values_by_setting)]
        (root / name).write_text("\n".join(ordered(text)) + "\n")
        (root / name).chmod(0o600)


def sections(number: int, values_by_setting: set[tuple[tuple[str, ...], int]]) -> Iterator[str]:
    """Yield the sections of the file *number*, each with its keys."""
    for offset, section in enumerate(("default", "development")):
        layer = number * 2 + offset
        for path in NAMES:
            if (path, layer) in values_by_setting:
                table = ".".join([section, *path[:-1]])
                yield f"[{table}]"
                yield toml(path, layer)


def ordered(lines: list[str]) -> list[str]:
    """Bring keys of one table together: TOML allows each header once."""
    tables: dict[str, list[str]] = {}
    current = ""
    for line in lines:
        if line.startswith("["):
            current = line
            tables.setdefault(current, [])
        else:
            tables[current].append(line)
    return [line for table, keys in tables.items() for line in (table, *keys)]


def expected(path: tuple[str, ...], layers: set[int]) -> tuple[str | None, str]:
    """Return the value and the kind of source that must win: the brute-force oracle."""
    if not layers:
        return None, "default"
    top = max(layers)
    return value_of(path, top), LAYERS[top]


def describe(path: tuple[str, ...], source: str, root: Path) -> str:
    """Return the layer that *source* names; a line must hold the key that it is said to hold."""
    if source.startswith("environment"):
        return "file" if source.endswith("_FILE") else "environment"
    for prefix in (".env", "plugin", "--set", "default"):
        if source.startswith(prefix):
            return prefix
    place, _, section = source.partition(" ")
    name, _, line = place.rpartition(":")
    text = (root / name).read_text().splitlines()[int(line) - 1]
    assert text.startswith(path[-1])
    return f"{name} {section}"


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return one folder for all examples; every example writes all files again."""
    return tmp_path_factory.mktemp("precedence")


spoken_words = st.sets(
    st.tuples(st.sampled_from(NAMES), st.integers(0, len(LAYERS) - 1)), max_size=30
)


def is_ambiguous(
    path: tuple[str, ...], values_by_setting: set[tuple[tuple[str, ...], int]]
) -> bool:
    """Say whether `.secrets.toml [default]` and `settings.toml [development]` speak of *path*.

    Unless `.secrets.toml [development]` decides, that is a problem: see `test_files.py`.
    """
    layers = {layer for name, layer in values_by_setting if name == path}
    return {1, 2} <= layers and 3 not in layers


def test_higher_of_any_two_layers_wins(folder: Path) -> None:
    """Of every setting; each call of `assert_highest_wins` has another two layers for each."""
    pairs = [*combinations(range(len(LAYERS)), 2)]

    for first in range(len(pairs)):
        chosen = [pairs[(first + number * 7) % len(pairs)] for number in range(len(NAMES))]
        assert_highest_wins(
            folder, {(p, n) for p, pair in zip(NAMES, chosen, strict=True) for n in pair}
        )


@settings(max_examples=100, deadline=None, derandomize=True)
@given(values_by_setting=spoken_words)
def test_highest_layer_wins_whatever_speaks(
    folder: Path, values_by_setting: set[tuple[tuple[str, ...], int]]
) -> None:
    assert_highest_wins(folder, values_by_setting)


def assert_highest_wins(folder: Path, values_by_setting: set[tuple[tuple[str, ...], int]]) -> None:
    """Check value, source and line with an oracle that knows nothing but the order."""
    values_by_setting = {
        (p, n) for p, n in values_by_setting if n != 2 or not is_ambiguous(p, values_by_setting)
    }
    write_files(folder, values_by_setting)
    environ = {variable(p): value_of(p, 9) for p, n in values_by_setting if n == 9}
    for path, _ in [(p, n) for p, n in values_by_setting if n == 8]:
        secret = folder / f"{variable(path)}.txt"
        secret.write_text(value_of(path, 8) + "\n")
        environ[f"{variable(path)}_FILE"] = str(secret)
    dotenv = [f"{variable(p)}={value_of(p, 6)}\n" for p, n in values_by_setting if n == 6]
    (folder / ".env").write_text("".join(dotenv))
    overrides = [f"{variable(p)}={value_of(p, 10)}" for p, n in values_by_setting if n == 10]
    overrides.append('PLUGINS__ENABLED=["backup"]')
    values = [
        PluginValue(variable(p), value_of(p, 7), "vault") for p, n in values_by_setting if n == 7
    ]

    found = open_sources(folder, environ=environ, overrides=overrides).bind(
        {"backup": Backup}, values
    )

    entries = {entry.setting.name: entry for entry in found.entries}
    for path in NAMES:
        value, layer = expected(path, {n for p, n in values_by_setting if p == path})
        entry = entries[variable(path)]
        assert describe(path, entry.source, folder) == layer
        if value is not None:
            assert str(entry.value).removesuffix(".0") == value
        assert len(entry.source_values) == len({n for p, n in values_by_setting if p == path})


def test_tables_merge_key_by_key(site: Site) -> None:
    """Dynaconf by itself would drop every key of [default.migrate] here."""
    site.settings("""
        [default.migrate]
        lock_wait = 10
        lock_timeout = 3
        alembic_section = "mine"

        [development.migrate]
        lock_wait = 20
    """)
    site.environ["MIGRATE__LOCK_TIMEOUT"] = "7"

    migrate = site.load().settings.migrate

    assert (migrate.lock_wait, migrate.lock_timeout, migrate.alembic_section) == (20, 7, "mine")


def test_sources_of_a_merged_table_are_told_apart(site: Site) -> None:
    """Dynaconf's own history names the last source for every key of the table."""
    site.settings("""
        [default.migrate]
        lock_wait = 10
        lock_timeout = 3

        [development.migrate]
        lock_wait = 20
    """)
    site.environ["MIGRATE__STATEMENT_TIMEOUT"] = "7"

    sources = site.sources_of()

    assert sources["MIGRATE__LOCK_WAIT"] == "settings.toml:6 [development]"
    assert sources["MIGRATE__LOCK_TIMEOUT"] == "settings.toml:3 [default]"
    assert sources["MIGRATE__STATEMENT_TIMEOUT"] == "environment MIGRATE__STATEMENT_TIMEOUT"
    assert sources["MIGRATE__SCRIPT_LOCATION"] == "default"


def test_lists_are_replaced(site: Site) -> None:
    """Merged lists could never be made shorter."""
    site.settings("""
        [default.plugins]
        enabled = ["one", "two"]

        [development.plugins]
        enabled = ["three"]
    """)

    assert site.open().enabled_plugins() == ("three",)


def test_local_files_are_read_in_development_only(site: Site) -> None:
    """Dynaconf reads settings.local.toml unasked, and lets its [default] beat [production]."""
    site.settings('[default]\nLOG_LEVEL = "ERROR"\n[development]\n[production]\n')
    site.write("settings.local.toml", '[default]\nLOG_LEVEL = "DEBUG"\nDB_POOL_SIZE = 9\n')
    site.write(".secrets.local.toml", "[default]\nDB_POOL_SIZE = 11\n")
    site.write(".env", "DB_MAX_OVERFLOW=1\n")
    site.environ["DATABASE_URL"] = "postgresql://app@db/sst"

    local = site.load(environment="development").settings
    production = site.load(environment="production").settings

    assert (local.log_level, local.db_pool_size, local.db_max_overflow) == ("DEBUG", 9, 1)
    assert production.log_level == "ERROR"
    assert (production.db_pool_size, production.db_max_overflow) == (5, 10)


def test_settings_of_the_other_environment_are_left_out(site: Site) -> None:
    site.settings("[development]\nDB_POOL_SIZE = 9\n[production]\nDB_POOL_SIZE = 8\n")

    assert site.load().settings.db_pool_size == 9


@pytest.mark.parametrize("spelling", ["log_level", "Log_Level", "LOG_LEVEL"])
def test_case_of_a_key_does_not_matter(site: Site, spelling: str) -> None:
    site.settings(f'[default]\nLOG_LEVEL = "ERROR"\n[development]\n{spelling} = "DEBUG"\n')

    assert site.load().settings.log_level == "DEBUG"


def test_wrong_value_is_said_of_the_source_that_won(site: Site) -> None:
    site.settings('[default]\nDB_POOL_SIZE = "few"\n[development]\nprotected = false\n')
    site.environ["DB_POOL_SIZE"] = "many"

    (problem,) = site.problems()

    assert (problem.subject, problem.source) == ("DB_POOL_SIZE", "environment DB_POOL_SIZE")


@pytest.mark.parametrize("source", ["environment", "file", "--set"])
def test_plugin_is_not_asked_for_what_a_stronger_source_decides(site: Site, source: str) -> None:
    if source == "environment":
        site.environ["DB_POOL_SIZE"] = "3"
    elif source == "file":
        site.environ["DB_POOL_SIZE_FILE"] = str(site.write("size", "3"))
    else:
        site.overrides.append("DB_POOL_SIZE=3")

    assert "DB_POOL_SIZE" not in site.open().wanted()


@pytest.mark.parametrize("source", ["settings", ".env"])
def test_plugin_is_asked_for_what_it_would_overrule(site: Site, source: str) -> None:
    if source == "settings":
        site.settings("[default]\nDB_POOL_SIZE = 3\n[development]\nprotected = false\n")
    else:
        site.write(".env", "DB_POOL_SIZE=3\n")

    assert "DB_POOL_SIZE" in site.open().wanted()
