"""The image holds what it should and nothing else."""

from __future__ import annotations

import json
import os
import re
import subprocess
from typing import TYPE_CHECKING

import pytest

from tests.support.compose import ROOT, load_compose
from tests.support.dockerfile import copied_from_checkout, texts
from tests.support.pg_tools import write_program

if TYPE_CHECKING:
    from pathlib import Path

SECRETIVE = re.compile(r"PASSWORD|SECRET|TOKEN|DATABASE_URL|INDEX|NETRC", re.IGNORECASE)


def environment() -> dict[str, str]:
    """Return the variables of the final image."""
    pairs = (pair.split("=", 1) for text in texts("ENV", "image") for pair in text.split())
    return dict(pairs)


def test_every_stage_starts_from_the_base_image_argument() -> None:
    """Where Docker Hub is out of reach, one argument is enough."""
    stages = [text.split()[0] for text in texts("FROM")]

    assert "BASE_IMAGE=python:3.13-slim-bookworm" in texts("ARG", "")
    assert set(stages) == {"${BASE_IMAGE}", "packages"}


def test_no_frontend_is_fetched_from_a_registry() -> None:
    """A `# syntax=` line would need Docker Hub before the first instruction."""
    assert "syntax=" not in (ROOT / "Dockerfile").read_text("utf-8")


def test_user_is_numeric_and_not_root() -> None:
    """Kubernetes can check `runAsNonRoot` only on a number."""
    assert texts("USER", "image") == ["10001:10001"]


def test_commands_are_in_exec_form() -> None:
    """In shell form the shell gets SIGTERM, and uvicorn is killed after the grace period."""
    (command,) = texts("CMD", "image")
    (health,) = texts("HEALTHCHECK", "image")

    assert json.loads(command)[:2] == ["uvicorn", "app.main:app"]
    assert json.loads(health.split(" CMD ")[1]) == ["python", "deploy/probe.py"]


def test_image_has_no_entry_point() -> None:
    """So that `docker run IMAGE python migrate.py check` works beside the default command."""
    assert texts("ENTRYPOINT") == []


def test_image_and_compose_ask_the_same_health_question() -> None:
    """The two places cannot drift apart."""
    health = texts("HEALTHCHECK", "image")[0].split(" CMD ")[1]

    compose = load_compose()["services"]["app"]["healthcheck"]["test"]

    assert compose == ["CMD", *json.loads(health)]


def test_environment_of_the_image() -> None:
    """Production unless told otherwise, unbuffered logs, UTF-8 whatever the locale."""
    variables = environment()

    assert variables["ENV_FOR_DYNACONF"] == "production"
    assert variables["PYTHONUNBUFFERED"] == "1"
    assert variables["PYTHONUTF8"] == "1"
    assert variables["GIT_COMMIT"] == "${GIT_COMMIT}"


def test_commit_is_a_label() -> None:
    """An image in a registry says which commit it was built from."""
    (labels,) = texts("LABEL", "image")

    assert 'org.opencontainers.image.revision="${GIT_COMMIT}"' in labels


def test_image_holds_no_secret_and_no_index() -> None:
    """Arguments and variables stay readable in the history of an image."""
    named = [name for text in [*texts("ARG"), *texts("ENV")] for name in text.split()]

    assert [name for name in named if SECRETIVE.search(name.split("=")[0])] == []
    assert "--index-url" not in " ".join(texts("RUN"))


def test_packages_are_those_of_the_lock() -> None:
    """With hashes and without resolving: what was tested is what is installed, and all of it."""
    (install,) = texts("RUN", "packages")

    assert "--no-deps --require-hashes --requirement /build/requirements.lock" in install
    assert "--requirement /build/extras.lock" in install
    assert install.endswith("-m pip --disable-pip-version-check check")


def test_pg_dump_has_the_major_of_the_argument() -> None:
    """A base whose package is another major fails the build, not the first backup."""
    (install,) = [text for text in texts("RUN", "image") if "apt-get" in text]

    assert "POSTGRES_MAJOR=18" in texts("ARG", "")
    assert '"postgresql-client-$POSTGRES_MAJOR"' in install
    assert install.endswith('pg_dump --version | grep -q ") $POSTGRES_MAJOR[^0-9]"')


@pytest.mark.parametrize(
    ("major", "complaint", "exit_code"),
    [
        pytest.param(18, "connection to server on socket failed: No such file", 0, id="zstd"),
        pytest.param(18, "this build does not support compression with ZSTD", 1, id="none"),
        pytest.param(15, 'invalid value "zstd:1" for option -Z/--compress', 0, id="too old"),
    ],
)
def test_build_fails_where_pg_dump_lacks_the_zstd_that_it_could_have(
    tmp_path: Path, major: int, complaint: str, exit_code: int
) -> None:
    """Without a word, backups would take longer than they need."""
    (asking,) = [text for text in texts("RUN", "image") if "zstd" in text]
    write_program(tmp_path / "pg_dump", f"#!/bin/sh\necho 'pg_dump: {complaint}' >&2; exit 1\n")
    script = asking.replace("/usr/lib/postgresql/$POSTGRES_MAJOR/bin", str(tmp_path))

    done = subprocess.run(
        ["/bin/sh", "-c", script],
        env={"POSTGRES_MAJOR": str(major), "PATH": os.defpath},
        check=False,
    )

    assert done.returncode == exit_code


def test_everything_copied_exists() -> None:
    """A build must not be the first to notice."""
    sources = copied_from_checkout()

    assert {"sst", "app", "plugins", "alembic", "migrate.py", "settings.toml"} <= set(sources)
    # Without it production would take its placeholders for passwords.
    assert ".secrets.toml.example" in sources
    # A lock is there only where a project has locked its plugins.
    assert [s for s in sources if not (ROOT / s).exists()] == ["plugins.lock*"]
