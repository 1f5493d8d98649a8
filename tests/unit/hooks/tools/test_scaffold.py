"""What `plugins new` writes is clean, typed and signed as the specs."""

from __future__ import annotations

import ast
import os
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from sst import __version__
from sst.errors import RefusedError, UsageError
from sst.hooks.contract.specs import MODES
from sst.hooks.finding.hook_functions import hook_arguments
from sst.hooks.tools import scaffold
from sst.hooks.tools.scaffold import check_hooks, check_name, plan_file, plan_package, write_new
from tests.support.clone import Clone
from tests.support.plugin_project import install

if TYPE_CHECKING:
    from collections.abc import Sequence

REPOSITORY = Path(__file__).parents[4]
LONG = "x" * 40
"""The longest name: no line may grow beyond what ruff allows."""


def run(*words: str, cwd: Path, **variables: str) -> subprocess.CompletedProcess[str]:
    """Run `python -m WORDS`."""
    return subprocess.run(
        [sys.executable, "-m", *words],
        cwd=cwd,
        env=os.environ | variables,
        capture_output=True,
        text=True,
        check=False,
    )


@pytest.fixture(scope="module")
def packages(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a folder with one package for each hook, and one of a long name with all of them."""
    folder = tmp_path_factory.mktemp("packages")
    for hook in MODES:
        write_new(plan_package(f"only_{hook}", [hook], folder, REPOSITORY))
    write_new(plan_package(LONG, list(MODES), folder, REPOSITORY))
    return folder


@pytest.fixture(scope="module")
def clone(tmp_path_factory: pytest.TempPathFactory) -> Clone:
    """Return a copy of the product with one plugin file for each hook, and one with all."""
    clone = Clone.create(tmp_path_factory.mktemp("clone") / "platform")
    for hook in MODES:
        write_new(plan_file(f"only_{hook}", [hook], clone.root))
    write_new(plan_file(LONG, list(MODES), clone.root))
    return clone


def test_files_are_formatted_and_linted_for_every_hook(clone: Clone) -> None:
    """By this repository's own rules, which select everything."""
    linted = run("ruff", "check", "plugins", "tests", cwd=clone.root)
    formatted = run("ruff", "format", "--check", "plugins", "tests", cwd=clone.root)

    assert (linted.returncode, formatted.returncode) == (0, 0), linted.stdout + formatted.stdout


def test_packages_are_formatted_and_linted_for_every_hook(packages: Path) -> None:
    """By the rules that they bring themselves."""
    linted = run("ruff", "check", ".", cwd=packages)
    formatted = run("ruff", "format", "--check", ".", cwd=packages)

    assert (linted.returncode, formatted.returncode) == (0, 0), linted.stdout + formatted.stdout


@pytest.mark.slow
def test_packages_are_strictly_typed_for_every_hook(packages: Path) -> None:
    """With a mistake in one of them, for a check that checks nothing finds nothing either."""
    wrong = packages / "wrong.py"
    wrong.write_text("from sst_only_notify import Plugin\n\nPlugin().notify('event')\n")
    folders = [packages, *packages.glob("*/src"), *packages.glob("*/tests")]

    checked = run(
        *("mypy", "--strict", "--no-error-summary", "--no-pretty"),
        *(str(file) for file in packages.glob("*/src/*/*.py")),
        *(str(file) for file in packages.glob("*/tests/test_*.py")),
        str(wrong),
        cwd=REPOSITORY,  # its configuration and its cache
        MYPYPATH=os.pathsep.join(map(str, folders)),
    )
    wrong.unlink()

    errors = [line.partition(" error: ")[2] for line in checked.stdout.splitlines()]
    assert errors == [
        'Missing positional argument "config" in call to "Plugin"  [call-arg]',
        (
            'Argument 1 to "notify" of "Plugin" has incompatible type "str"; '
            'expected "Event"  [arg-type]'
        ),
    ], checked.stdout + checked.stderr


@pytest.mark.parametrize("hook", MODES)
def test_function_has_the_arguments_of_the_spec(hook: str, clone: Clone) -> None:
    tree = ast.parse((clone.root / "plugins" / f"only_{hook}.py").read_text())

    [function] = [
        node for node in ast.walk(tree) if isinstance(node, ast.FunctionDef) if node.name == hook
    ]

    assert [each.arg for each in function.args.args] == ["self", *hook_arguments(hook)]
    assert function.returns is not None
    assert ast.get_docstring(function)


def test_every_hook_has_a_text_and_no_text_is_left_over() -> None:
    folder = Path(scaffold.__file__).parent / "hooks"

    assert {path.stem for path in folder.iterdir()} == set(MODES)


def test_file_of_a_repository_with_plugin_tests_goes_beside_them() -> None:
    assert plan_file("freeze", ["notify"], REPOSITORY).test == Path(
        "tests/unit/plugins/test_freeze.py"
    )


def test_package_depends_on_what_it_imports_and_never_on_the_platform(tmp_path: Path) -> None:
    hooks = ["register_commands", "register_routers"]

    plan = plan_package("hello", hooks, tmp_path, REPOSITORY)

    text = plan.files[Path("pyproject.toml")]
    assert 'dependencies = ["click>=8", "fastapi>=0.115", "pydantic>=2"]' in text
    assert f'"sst-platform[testing] @ {REPOSITORY.as_uri()}"' in text


@pytest.mark.parametrize(
    ("name", "why"),
    [
        ("Hello", "lower-case words"),
        ("hello world", "lower-case words"),
        ("_hello", "lower-case words"),
        ("../hello", "lower-case words"),
        ("hello-", "lower-case words"),
        (f"{LONG}x", "at most 40"),
        ("enabled", "lower-case words"),
        ("class", "word of Python"),
        ("match", "word of Python"),
        ("name-of-plugin", "sample of an instruction"),
        ("my_plugin", "sample of an instruction"),
        ("json", "name of another module"),
        ("app", "name of another module"),
        ("upgrade", "command of migrate.py"),
        ("notify", "one already: plugins/notify"),
        ("health-check", "one already: plugins/health_check.py"),
    ],
)
def test_bad_name_is_refused(name: str, why: str) -> None:
    with pytest.raises(UsageError) as raised:
        check_name(name, REPOSITORY, ["upgrade"])

    assert why in raised.value.why


def test_name_of_an_installed_plugin_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.syspath_prepend(str(tmp_path))
    install(tmp_path, "acme-pager", "1.0", "pager = acme_pager")

    with pytest.raises(UsageError, match="pager") as raised:
        check_name("pager", REPOSITORY)

    assert raised.value.why == "there is one already: acme-pager 1.0"


@pytest.mark.parametrize(
    ("names", "told"),
    [
        (["pre_migrat"], "did you mean pre_migrate?"),
        (["notify", "xyz"], "docs/plugin-authors/hooks.md says what each is for"),
        ([], "docs/plugin-authors/hooks.md says what each is for"),
    ],
)
def test_unknown_hook_is_refused_with_the_nearest(names: Sequence[str], told: str) -> None:
    with pytest.raises(UsageError) as raised:
        check_hooks(names)

    assert raised.value.next_step == told


def test_hooks_come_once_and_in_the_order_of_the_reference() -> None:
    assert check_hooks(["notify", "pre_migrate", "notify"]) == ("pre_migrate", "notify")


def test_existing_file_is_left_as_it_is(tmp_path: Path) -> None:
    plan = plan_file("freeze", ["notify"], tmp_path)
    (tmp_path / "tests").mkdir()
    (tmp_path / "tests" / "test_freeze.py").write_text("mine")

    with pytest.raises(RefusedError, match=r"test_freeze.py exists already"):
        write_new(plan)

    assert [path.name for path in tmp_path.rglob("*.py")] == ["test_freeze.py"]
    assert (tmp_path / "tests" / "test_freeze.py").read_text() == "mine"


def test_half_a_plugin_is_not_left_behind(tmp_path: Path) -> None:
    plan = plan_package("hello", ["notify"], tmp_path, REPOSITORY)
    (tmp_path / "hello").mkdir()
    (tmp_path / "hello" / "tests").write_text("a file where the folder should be")

    with pytest.raises(RefusedError, match="cannot be written; nothing was left behind"):
        write_new(plan)

    assert [path.name for path in (tmp_path / "hello").iterdir()] == ["tests"]


def test_package_written_by_an_installed_core_needs_its_version(tmp_path: Path) -> None:
    plan = plan_package("hello", ["notify"], tmp_path, tmp_path / "site-packages")

    assert f'"sst-platform[testing]>={__version__}"' in plan.files[Path("pyproject.toml")]
