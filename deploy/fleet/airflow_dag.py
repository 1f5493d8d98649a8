"""A recipe to start from: a DAG of Airflow 3 that migrates each listed database in its own task.

Exit code 75 is tried again, no other. The worker runs in the project's folder, with its settings.
"""

from __future__ import annotations

import json
import subprocess
from datetime import timedelta
from typing import Any

from airflow.exceptions import AirflowException, AirflowFailException
from airflow.sdk import dag, task

PROGRAM = ("python", "migrate.py")
AGAIN = 75


def called(*words: str) -> dict[str, Any]:
    """Run a command; return what it says. What it raises is tried again for exit code 75 alone."""
    done = subprocess.run([*PROGRAM, *words, "--json"], stdout=subprocess.PIPE, check=False)
    said: dict[str, Any] = json.loads(done.stdout or "{}")
    if done.returncode == 0:
        return said
    message = (said.get("error") or {}).get("message", f"exit code {done.returncode}")
    raise (AirflowException if done.returncode == AGAIN else AirflowFailException)(message)


@task
def names() -> list[str]:
    """Return the names of the databases."""
    return [target["name"] for target in called("targets", "list")["targets"]]


@task(
    retries=2,
    retry_delay=timedelta(seconds=5),
    retry_exponential_backoff=True,
    max_active_tis_per_dagrun=4,
)
def upgrade(target: str) -> dict[str, Any]:
    """Migrate the database *target*; return where it was, where it is, and the run on record."""
    said = called("upgrade", "--target", target)
    return {key: said[key] for key in ("before", "after", "run_id")}


@dag(schedule=None, catchup=False, max_active_runs=1)
def sst_fleet() -> None:
    """Migrate all databases."""
    upgrade.expand(target=names())


sst_fleet()
