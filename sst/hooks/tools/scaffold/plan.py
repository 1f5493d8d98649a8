"""Decide which files a new plugin has and what is in them; nothing is written here."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from sst import __version__
from sst.hooks.finding.sources import FOLDER
from sst.hooks.tools.scaffold.imports import imports
from sst.hooks.tools.scaffold.snippets import Snippet, snippet, template

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

_TESTS = (Path("tests/unit/plugins"), Path("tests"))
"""Where the test of a file goes: the first that exists, else the last."""
_NOT_IN_A_RUN = frozenset(
    {
        "register_commands",
        "register_engines",
        "register_routers",
        "register_middleware",
        "copy_schema",
        "judge",
        "restore_backup",
        "migrate_failed",
        "post_backup",
        "list_targets",
    }
)
"""The hooks that a successful `upgrade` does not call."""
_PACKAGES = {
    "in_revision": "sqlalchemy>=2",
    "register_commands": "click>=8",
    "register_routers": "fastapi>=0.115",
    "register_middleware": "starlette>=0.40",
}
_MIGRATIONS = "register_migrations"
_OPT_IN = '\npytest_plugins = ["sst.testing"]'


@dataclass(frozen=True, slots=True)
class NewPlugin:
    """A plugin that is to be written."""

    name: str
    hooks: tuple[str, ...]
    root: Path
    """The folder that the files are relative to."""
    files: Mapping[Path, str]
    """Their texts."""
    test: Path
    """The argument for pytest."""


def plan_file(name: str, hooks: Sequence[str], root: Path) -> NewPlugin:
    """Return the plugin *name* as a file in `plugins/` of the project at *root*, with its test.

    The file's name is the plugin's, so a `-` becomes a `_`.
    """
    name = module = name.replace("-", "_")
    folder = next((each for each in _TESTS if (root / each).is_dir()), _TESTS[-1])
    test = folder / f"test_{module}.py"
    words = _words(name, hooks, versions=f"_{module}_versions", own=f"{FOLDER}.{module}")
    files = {
        Path(FOLDER) / f"{module}.py": _plugin(hooks, words, is_package=False),
        test: _test(hooks, words, is_package=False),
        **_versions(hooks, words, Path(FOLDER)),
    }
    return NewPlugin(name, tuple(hooks), root, files, test)


def plan_package(name: str, hooks: Sequence[str], parent: Path, platform: Path) -> NewPlugin:
    """Return the plugin *name* as a package in a folder of its own below *parent*.

    *platform* is the checkout that its tests are to be run against, or no checkout where the
    core is installed as a package.
    """
    module = name.replace("-", "_")
    own = f"sst_{module}"
    words = _words(name, hooks, versions="versions", own=own) | {"platform": _from(platform)}
    source = Path("src") / own
    files = {
        Path(file): template(text).substitute(words)
        for file, text in (
            ("pyproject.toml", "pyproject"),
            ("README.md", "README"),
            (".gitignore", "gitignore"),
            ("tests/conftest.py", "conftest"),
        )
    }
    files |= {
        source / "__init__.py": _plugin(hooks, words, is_package=True),
        source / "py.typed": "",
        Path(f"tests/test_{module}.py"): _test(hooks, words, is_package=True),
        **_versions(hooks, words, source),
    }
    return NewPlugin(name, tuple(hooks), parent / name, files, Path("tests"))


def _from(platform: Path) -> str:
    """Return what follows the core's name in a requirement: a checkout is in no index."""
    is_checkout = (platform / "pyproject.toml").is_file()
    return f" @ {platform.as_uri()}" if is_checkout else f">={__version__}"


def _words(name: str, hooks: Sequence[str], *, versions: str, own: str) -> dict[str, str]:
    """Return what the texts call the plugin."""
    module = name.replace("-", "_")
    needed = ["pydantic>=2", *(_PACKAGES[hook] for hook in hooks if hook in _PACKAGES)]
    return {
        "name": name,
        "module": module,
        "title": module.replace("_", " ").capitalize(),
        "command": name.replace("_", "-"),
        "package": own,
        "distribution": f"sst-{name.replace('_', '-')}",
        "dependencies": ", ".join(f'"{each}"' for each in sorted(needed)),
        "versions": versions,
    }


def _plugin(hooks: Sequence[str], words: Mapping[str, str], *, is_package: bool) -> str:
    found = _snippets(hooks, words)
    constants = [each.constant for each in found if each.constant]
    parts = {
        "constants": "".join(f"{constant}\n" for constant in constants),
        "methods": "".join(f"\n{each.method}" for each in found).rstrip(),
    }
    return _with_imports("plugin", {**words, **parts}, is_package=is_package)


def _test(hooks: Sequence[str], words: Mapping[str, str], *, is_package: bool) -> str:
    parts = {
        "tests": "\n\n\n".join(each.test for each in _snippets(hooks, words)),
        "opt_in": "" if is_package else _OPT_IN,
        "called": "\n".join(f"    assert {_called(hook)}" for hook in _asserted(hooks)),
    }
    return _with_imports("test", {**words, **parts}, is_package=is_package)


def _asserted(hooks: Sequence[str]) -> Sequence[str]:
    """Return the hooks that an `upgrade` calls, else all of *hooks*, which it does not call."""
    return [hook for hook in hooks if hook not in _NOT_IN_A_RUN] or hooks


def _called(hook: str) -> str:
    return f'"{hook}"{" not" if hook in _NOT_IN_A_RUN else ""} in called'


def _with_imports(name: str, words: Mapping[str, str], *, is_package: bool) -> str:
    bare = template(name).substitute(words, imports="")
    found = imports(bare, own=words["package"], is_package=is_package)
    return template(name).substitute(words, imports=found)


def _snippets(hooks: Sequence[str], words: Mapping[str, str]) -> list[Snippet]:
    return [snippet(hook, words) for hook in hooks]


def _versions(hooks: Sequence[str], words: Mapping[str, str], folder: Path) -> dict[Path, str]:
    """Return the plugin's own first revision, where it has revisions."""
    if _MIGRATIONS not in hooks:
        return {}
    place = folder / words["versions"]
    return {
        place / "__init__.py": f'"""The revisions of the plugin {words["name"]}."""\n',
        place / f"create_{words['module']}_note.py": template("version").substitute(words),
    }
