"""Only what the Dockerfile copies reaches a builder, and of that neither secrets nor tests."""

from __future__ import annotations

import subprocess
from typing import TYPE_CHECKING

import pytest

from tests.support.compose import ROOT
from tests.support.dockerfile import copied_from_checkout
from tests.support.dockerignore import Pattern, enters, files_that_enter, read_patterns

if TYPE_CHECKING:
    from pathlib import Path

PATTERNS = read_patterns((ROOT / ".dockerignore").read_text("utf-8"))
NAMED = (
    "deploy/extras.py",
    "deploy/probe.py",
    "deploy/scheduled_backups.py",
    "migrate.py",
    "plugins.lock",
    "pyproject.toml",
    "requirements-extras.lock",
    "requirements.lock",
    "settings.toml",
    ".secrets.toml.example",
)
FOLDERS = ("alembic", "app", "plugins", "sst")
NEEDED = (
    "app/main.py",
    "app/keys.py",
    "app/environment.py",
    "app/drug_test.py",
    "app/templates/page.html",
    "app/static/app.css",
    "plugins/x/__init__.py",
    "plugins/x/data/words.txt",
    "plugins/testing.py",
    "alembic/versions/20260101_expand_keys.py",
    "alembic/versions/20260102_expand_sites.sql",
    "sst/hooks/tools/scaffold/templates/conftest.txt",
    "sst/py.typed",
)
SECRETS = (
    ".secrets.toml",
    ".secrets.production.toml",
    ".secrets.toml.example.swp",
    ".env",
    ".env.production",
    "production.env",
    ".envrc",
    "settings.local.toml",
    ".git-credentials",
    ".netrc",
    ".pgpass",
    ".pypirc",
    ".npmrc",
    ".aws/credentials",
    ".ssh/config",
    ".docker/config.json",
    "server.pem",
    "server.key",
    "server.p12",
    "server.pfx",
    "server.jks",
    "id_rsa",
    "id_rsa.old",
    "id_dsa",
    "id_ecdsa",
    "id_ed25519",
    "age.agekey",
    "secrets/database_url.txt",
)
LEFTOVERS = (
    ".git/config",
    ".data/postgres/PG_VERSION",
    ".venv/bin/python",
    ".mypy_cache/cache.json",
    "__pycache__/main.cpython-313.pyc",
    "main.pyc",
    "x.egg-info/PKG-INFO",
    "backups/sst_platform-20260101/manifest.json",
    "sst_platform.dump",
    "sst_platform.sql.gz",
    "main.py.bak",
    "main.py.orig",
    "main.py~",
)
TESTS = (
    "tests/test_x.py",
    "tests/data/customers.csv",
    "test_x.py",
    "conftest.py",
)


def canaries() -> list[str]:
    """Return what must stay out: at the top, in each folder that is copied, and deep in one."""
    places = ("", *(f"{folder}/" for folder in FOLDERS), "plugins/x/", "app/api/v2/")
    names = (*SECRETS, *LEFTOVERS, *TESTS)
    strangers = [
        "docs/index.md",
        "deploy/Caddyfile",
        "deploy/walk/page.py",
        "examples/x.py",
        "README.md",
        "Dockerfile",
    ]
    return strangers + [place + name for place in places for name in names]


def test_of_a_tree_full_of_canaries_the_build_gets_what_it_copies(tmp_path: Path) -> None:
    """A secret in a layer stays in every registry that the image is pushed to."""
    wanted = {*NAMED, *NEEDED}
    for path in (*wanted, *canaries()):
        (tmp_path / path).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / path).write_text("canary", "utf-8")

    found = files_that_enter(tmp_path, PATTERNS)

    assert found == wanted


def test_everything_copied_is_let_in_and_nothing_else_is() -> None:
    """The two files name the same: a build is not the first to notice, nor the last."""
    let_in = {
        line.removeprefix("!").removesuffix("*")
        for line in (ROOT / ".dockerignore").read_text("utf-8").splitlines()
        if line.startswith("!")
    }

    assert let_in == {source.removesuffix("*") for source in copied_from_checkout()}
    assert let_in == {*NAMED, *FOLDERS}


def test_every_file_of_the_copied_folders_that_git_knows_gets_in() -> None:
    """A pattern that keeps out a module would show only when the container starts."""
    if not (ROOT / ".git").exists():
        pytest.skip("not a checkout of git")
    command = ["git", "ls-files", *FOLDERS]
    listed = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True)
    files = listed.stdout.splitlines()

    kept_out = [path for path in files if not enters(path, PATTERNS)]

    assert len(files) > 100
    assert kept_out == []


@pytest.mark.parametrize(
    ("pattern", "path", "fits"),
    [
        ("*", "a/b", True),  # through its folder
        ("*.md", "README.md", True),
        ("*.md", "docs/README.md", False),
        ("**/*.md", "README.md", True),
        ("**/*.md", "a/b/README.md", True),
        ("**/tests", "a/tests/b/c.py", True),
        ("**/tests", "a/mytests/c.py", False),
        ("a/**", "a/b/c", True),
        ("a/**/c", "a/c", True),
        ("a/**/c", "a/b/b/c", True),
        ("?.py", "a.py", True),
        ("?.py", "ab.py", False),
        ("*.py[cod]", "a.pyc", True),
        ("*.py[^cod]", "a.pyc", False),
        (r"\*", "a", False),
        (r"\*", "*", True),
        ("/a/./b/", "a/b", True),
        ("a.b", "axb", False),
        ("a+(b)", "a+(b)", True),
    ],
)
def test_pattern_means_what_docker_reads(pattern: str, path: str, *, fits: bool) -> None:
    """The examples are those of Docker's reference and of the matcher's rules."""
    read = Pattern.read(pattern)

    assert read.fits(path) is fits


@pytest.mark.parametrize(
    ("text", "is_in"),
    [
        ("*\n!a\n", True),
        ("!a\n*\n", False),
        ("*\n!a\na/secret\n", False),
        ("*\n!a\na/secret\n!a/secret\n", True),
        ("#*\n\n", True),
        (" #*\n", True),
    ],
)
def test_last_pattern_that_fits_decides(text: str, *, is_in: bool) -> None:
    """An exception counts only where it stands behind what it is an exception to."""
    assert enters("a/secret", read_patterns(text)) is is_in
