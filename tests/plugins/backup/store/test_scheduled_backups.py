"""Scheduled backups off the host: real processes, a real server, a real store."""

from __future__ import annotations

import json
import os
import signal
import subprocess
from contextlib import closing, contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from deploy import scheduled_backups
from sst.testing.project.server import connect
from tests.support.backups import execute
from tests.support.compose import ROOT
from tests.support.object_store import SECRET, ObjectStore, Wire, options
from tests.support.stores import names
from tests.support.warm_python import LIBRARIES, warm_python

if TYPE_CHECKING:
    from collections.abc import Iterator

    from psycopg2.extensions import cursor as Cursor  # noqa: N812 - a class

PROGRAM = "deploy/scheduled_backups.py"


@pytest.fixture
def variables(
    database_url: str, tmp_path: Path, store: ObjectStore, bucket: str
) -> dict[str, str]:
    """Return the environment of the service, with a filled database and a store for it.

    Its `python` is warmed: no claim of these tests is about the start of one.
    """
    python = warm_python(*LIBRARIES, "s3fs", "sst.runtime", path=str(ROOT))
    execute(database_url, "CREATE TABLE note (id integer PRIMARY KEY)")
    (tmp_path / "tmp").mkdir()
    return {
        "PATH": f"{Path(python).parent}{os.pathsep}{os.environ['PATH']}",
        "HOME": os.environ["HOME"],
        "ENV_FOR_DYNACONF": "production",
        "PYTHONPATH": str(ROOT),
        "TMPDIR": str(tmp_path / "tmp"),
        "DATABASE_URL": database_url,
        "PLUGINS__BACKUP__DIRECTORY": str(tmp_path / "backups"),
        "PLUGINS__BACKUP__UPLOAD_TO": f"s3://{bucket}/shop",
        "PLUGINS__BACKUP__UPLOAD_OPTIONS": json.dumps(options(store.port)),
    }


@contextmanager
def served(schedule: str, variables: dict[str, str]) -> Iterator[subprocess.Popen[str]]:
    """Run the program with *schedule* for the body."""
    with subprocess.Popen(
        ["python", PROGRAM, schedule],
        cwd=ROOT,
        env=variables,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    ) as process:
        try:
            yield process
        finally:
            process.terminate()


def wait_for(process: subprocess.Popen[str], words: str) -> str:
    """Read the output of *process* up to a line with *words*, and return all of it."""
    assert process.stdout is not None
    lines = []
    for line in process.stdout:
        lines.append(line)
        if words in line:
            return "".join(lines)
    raise AssertionError(f"it ended without {words!r}: {''.join(lines)}")


def is_healthy(variables: dict[str, str]) -> bool:
    """Ask as the container's health check does."""
    asked = ["python", PROGRAM, "--healthy"]
    return subprocess.run(asked, cwd=ROOT, env=variables, check=False).returncode == 0


def test_first_backup_is_made_at_once_and_lies_in_the_store(
    variables: dict[str, str], store: ObjectStore, bucket: str
) -> None:
    """A wrong key is noticed when the service starts, not at night."""
    before = is_healthy(variables)
    with served("6h", variables) as process:
        output = wait_for(process, "next backup at")
        healthy = is_healthy(variables)
        process.terminate()
        code = process.wait()

    assert [key.split("/")[-1] for key in store.keys(bucket)] == ["archive.dump", "manifest.json"]
    assert (before, healthy) == (False, True)
    assert code == 128 + signal.SIGTERM
    assert SECRET not in output


def test_service_that_starts_again_makes_none_that_is_not_due(
    variables: dict[str, str], store: ObjectStore, bucket: str
) -> None:
    with served("24h", variables) as process:
        wait_for(process, "next backup at")
    first = store.keys(bucket)
    (Path(variables["TMPDIR"]) / scheduled_backups.HEALTH_FILE.name).unlink()

    with served("24h", variables) as process:
        output = wait_for(process, "next backup at")

    assert store.keys(bucket) == first
    assert output.count("\n") == 1
    assert is_healthy(variables)


def test_backup_on_this_host_only_does_not_count(
    variables: dict[str, str], store: ObjectStore, bucket: str
) -> None:
    """It was made before there was a store, or the store has lost it."""
    here = variables | {"PLUGINS__BACKUP__UPLOAD_TO": ""}
    subprocess.run(
        ["python", "migrate.py", "backup", "create"],
        cwd=ROOT,
        env=here,
        capture_output=True,
        check=True,
    )

    with served("24h", variables) as process:
        wait_for(process, "next backup at")

    assert len(store.keys(bucket)) == 2


def test_store_that_does_not_answer_is_tried_again(
    variables: dict[str, str], store: ObjectStore, bucket: str
) -> None:
    with Wire(store.port) as wire:
        wire.break_after(0, cut=True)
        through = options(wire.port)
        tried = variables | {"PLUGINS__BACKUP__UPLOAD_OPTIONS": json.dumps(through)}
        with served("2s", tried) as process:
            output = wait_for(process, "exit code 5, 1 in a row")
            healthy = is_healthy(variables)
            wire.repair()
            output += wait_for(process, "also at s3://")

    assert not healthy
    assert SECRET not in output
    assert store.keys(bucket)


def test_signal_ends_a_backup_in_order(
    variables: dict[str, str], tmp_path: Path, database_url: str
) -> None:
    """The container's end waits for the backup's: no half of one is left."""
    with closing(connect(database_url)) as blocker, closing(connect(database_url)) as look:
        blocker.cursor().execute("BEGIN; LOCK TABLE note IN ACCESS EXCLUSIVE MODE")
        with served("6h", variables) as process:
            with look.cursor() as cursor:
                while not _somebody_waits(cursor):
                    assert process.poll() is None
            process.terminate()
            output, _ = process.communicate()

    assert process.returncode == 128 + signal.SIGTERM
    assert "in a row" not in output
    assert names(tmp_path / "backups") == []


def _somebody_waits(cursor: Cursor) -> bool:
    cursor.execute(
        "SELECT FROM pg_locks, pg_sleep(0.1) WHERE NOT granted AND relation IS NOT NULL"
        " AND database = (SELECT oid FROM pg_database WHERE datname = current_database())"
    )
    return cursor.fetchone() is not None


@pytest.mark.parametrize(
    ("changes", "schedule", "words"),
    [
        ({"PLUGINS__BACKUP__UPLOAD_TO": ""}, "02:30", "plugins.backup.upload_to is not set"),
        ({"PLUGINS__BACKUP__UPLOAD_TO": "s4://b"}, "02:30", "no driver is known for s4://"),
        ({}, "2.30", "'2.30' is no time such as 02:30"),
        ({}, "24:00", "no time"),
        ({}, "0h", "no time"),
    ],
)
def test_settings_that_cannot_keep_the_promise_are_refused(
    variables: dict[str, str], changes: dict[str, str], schedule: str, words: str
) -> None:
    """At the start, with exit 2: a backup on the same host is not what the profile promises."""
    result = subprocess.run(
        ["python", PROGRAM, schedule],
        cwd=ROOT,
        env=variables | changes,
        capture_output=True,
        text=True,
        check=False,
    )

    assert result.returncode == 2
    assert words in result.stderr
    assert "Traceback" not in result.stderr
