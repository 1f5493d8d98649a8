"""The Kubernetes recipes say the same as the image and the application."""

from __future__ import annotations

from typing import Any

import pytest
import yaml

from tests.support.compose import ROOT

FOLDER = ROOT / "deploy" / "kubernetes"


def manifest(file: str, kind: str) -> dict[str, Any]:
    """Return the one object of *kind* in *file*."""
    documents = yaml.safe_load_all((FOLDER / file).read_text("utf-8"))
    (found,) = [document for document in documents if document["kind"] == kind]
    return dict(found["spec"])


def pod(file: str, kind: str) -> dict[str, Any]:
    """Return what runs in the pods of the object of *kind*."""
    return dict(manifest(file, kind)["template"]["spec"])


@pytest.mark.parametrize(("file", "kind"), [("migrate.yaml", "Job"), ("app.yaml", "Deployment")])
def test_pods_meet_the_restricted_standard(file: str, kind: str) -> None:
    """As the image's user, with a file system that cannot be written to."""
    spec = pod(file, kind)
    (container,) = spec["containers"]

    assert spec["securityContext"]["runAsUser"] == 10001
    assert spec["securityContext"]["runAsNonRoot"] is True
    assert container["securityContext"]["readOnlyRootFilesystem"] is True
    assert container["securityContext"]["capabilities"] == {"drop": ["ALL"]}


def test_job_runs_once_and_has_time_to_roll_back() -> None:
    """What to do after a failure depends on its exit code, so nothing is repeated blindly."""
    job = manifest("migrate.yaml", "Job")

    assert job["backoffLimit"] == 0
    assert job["template"]["spec"]["restartPolicy"] == "Never"
    assert job["template"]["spec"]["terminationGracePeriodSeconds"] == 600


def test_job_keeps_its_backups() -> None:
    """A backup in a pod's own layer would go with the pod."""
    spec = pod("migrate.yaml", "Job")
    mounts = {mount["mountPath"]: mount["name"] for mount in spec["containers"][0]["volumeMounts"]}

    (volume,) = [v for v in spec["volumes"] if v["name"] == mounts["/backups"]]

    assert "persistentVolumeClaim" in volume


def test_liveness_does_not_ask_the_database() -> None:
    """A database that is away must not make Kubernetes kill every pod."""
    (container,) = pod("app.yaml", "Deployment")["containers"]

    assert container["livenessProbe"]["httpGet"]["path"] == "/livez"
    assert container["readinessProbe"]["httpGet"]["path"] == "/readyz"
