"""The Kubernetes manifests say the same as the image and the application."""

from __future__ import annotations

import re
from ipaddress import ip_network
from typing import Any

import pytest

from sst.config.declared.catalog import build_catalog
from sst.web import create_app
from sst.web.probing.probes import GRACE_SECONDS, READY_SECONDS
from tests.support.compose import ROOT
from tests.support.dockerfile import texts
from tests.support.fake_runtime import fake_runtime
from tests.support.manifests import (
    Workload,
    applied_files,
    files,
    manifests,
    only,
    workloads,
)

PAGES = tuple(f"docs/operators/{name}.md" for name in ("deployment", "despliegue"))
KINDS = ("Deployment", "Job")
# What the programs in the image read that is no setting of ours.
OF_UVICORN = {"FORWARDED_ALLOW_IPS"}
UNITS = {"m": 0.001, "Mi": 2**20, "Gi": 2**30, "": 1}


@pytest.fixture(params=KINDS)
def workload(request: pytest.FixtureRequest) -> Workload:
    """Return each of the two that run pods."""
    return workloads()[request.param]


@pytest.fixture
def app() -> Workload:
    """Return what serves."""
    return workloads()["Deployment"]


@pytest.fixture
def job() -> Workload:
    """Return what migrates."""
    return workloads()["Job"]


def quantity(text: str) -> float:
    """Return a quantity of Kubernetes as a number."""
    number, unit = re.fullmatch(r"(\d+)(\D*)", text).groups()  # type: ignore[union-attr]
    return int(number) * UNITS[unit]


def option(name: str) -> int:
    """Return the number behind the option *name* of uvicorn in the image's command."""
    (command,) = texts("CMD", "image")
    found = re.search(rf'"{name}", "(\d+)"', command)
    assert found, command
    return int(found[1])


def patience(probe: dict[str, Any]) -> int:
    """Return the seconds that a *probe* may fail before it counts."""
    return int(probe["periodSeconds"]) * int(probe["failureThreshold"])


def test_pods_meet_the_restricted_standard(workload: Workload) -> None:
    """As the image's user, on a file system that cannot be written to, with no key of the API."""
    (user,) = texts("USER", "image")
    pod = workload.pod

    assert f"{pod['securityContext']['runAsUser']}:{pod['securityContext']['runAsGroup']}" == user
    assert pod["securityContext"]["runAsNonRoot"] is True
    assert pod["securityContext"]["seccompProfile"] == {"type": "RuntimeDefault"}
    assert pod["automountServiceAccountToken"] is False
    assert pod["enableServiceLinks"] is False
    assert workload.container["securityContext"] == {
        "allowPrivilegeEscalation": False,
        "readOnlyRootFilesystem": True,
        "capabilities": {"drop": ["ALL"]},
    }


def test_pods_ask_for_what_they_need_and_have_a_limit(workload: Workload) -> None:
    """A pod without requests is the first to be thrown off a full node."""
    resources = workload.container["resources"]

    assert set(resources["requests"]) == {"cpu", "memory", "ephemeral-storage"}
    assert set(resources["limits"]) == {"cpu", "memory", "ephemeral-storage"}
    for name, wanted in resources["requests"].items():
        assert 0 < quantity(wanted) <= quantity(resources["limits"][name]), name


def test_tmp_ends_before_the_limit_of_the_pod(workload: Workload) -> None:
    """A full /tmp is an error of the program; a pod above its limit is thrown out."""
    (tmp,) = [volume["emptyDir"] for volume in workload.pod["volumes"] if "emptyDir" in volume]
    limit = workload.container["resources"]["limits"]["ephemeral-storage"]

    assert quantity(tmp["sizeLimit"]) < quantity(limit)


def test_every_volume_is_mounted_and_every_mount_has_its_volume(workload: Workload) -> None:
    """Kubernetes refuses the second; the first would be a leftover."""
    mounts = [mount["name"] for mount in workload.container["volumeMounts"]]

    assert sorted(mounts) == sorted(volume["name"] for volume in workload.pod["volumes"])


def test_every_variable_is_a_setting(workload: Workload) -> None:
    """A misspelt one would be ignored."""
    names = {setting.name for setting in build_catalog().settings.values()}
    known = names | {f"{name}_FILE" for name in names} | OF_UVICORN

    assert set(workload.environment) <= known


def test_secret_is_made_by_the_page_and_read_where_it_is_mounted(workload: Workload) -> None:
    """The name of the secret, its key and its file stand in three places."""
    mounts = {m["name"]: m["mountPath"] for m in workload.container["volumeMounts"]}
    (volume,) = [volume for volume in workload.pod["volumes"] if "secret" in volume]
    folder, _, key = workload.environment["DATABASE_URL_FILE"].rpartition("/")

    assert mounts[volume["name"]] == folder
    for page in PAGES:
        command = f"create secret generic {volume['secret']['secretName']} --from-file={key}="
        assert command in (ROOT / page).read_text("utf-8"), page


def test_claim_is_there_before_the_pod_that_needs_it() -> None:
    """A pod whose claim is missing stays pending, and what waits for the Job waits for ever."""
    made: set[str] = set()
    used: set[str] = set()
    for manifest in manifests():
        if manifest.kind == "PersistentVolumeClaim":
            made.add(manifest.name)
        elif manifest.kind in KINDS:
            volumes = [v.get("persistentVolumeClaim") for v in Workload(manifest).pod["volumes"]]
            claims = {volume["claimName"] for volume in volumes if volume}
            assert claims <= made, manifest.file
            used |= claims

    assert used == made == {"sst-backups"}


def test_claim_is_no_hook() -> None:
    """Helm and Argo CD delete a hook before they make it again, and the backups with it."""
    claim = only("PersistentVolumeClaim")

    assert "annotations" not in claim.value["metadata"]
    assert [m.kind for m in manifests() if m.file == claim.file] == ["PersistentVolumeClaim"]


def test_both_pages_apply_every_file_in_the_same_order() -> None:
    """The network is closed before anything runs, and what serves comes last."""
    english, spanish = (applied_files((ROOT / page).read_text("utf-8")) for page in PAGES)

    assert english == spanish == files()
    assert files() == ("network.yaml", "backups.yaml", "migrate.yaml", "app.yaml")


def test_job_is_created_and_not_applied() -> None:
    """`kubectl apply` refuses a name that is to be generated."""
    assert "name" not in only("Job").value["metadata"]
    for page in PAGES:
        text = (ROOT / page).read_text("utf-8")
        assert "kubectl create --filename deploy/kubernetes/migrate.yaml" in text, page
        assert not re.search(r"kubectl apply.*migrate\.yaml", text), page


def test_job_runs_once_and_has_time_to_roll_back(job: Workload) -> None:
    """What to do after a failure depends on its exit code, so nothing is repeated blindly."""
    assert job.manifest.spec["backoffLimit"] == 0
    assert job.pod["restartPolicy"] == "Never"
    assert job.pod["terminationGracePeriodSeconds"] == 600


def test_job_keeps_its_backups(job: Workload) -> None:
    """A backup in a pod's own layer would go with the pod."""
    mounts = {mount["mountPath"]: mount["name"] for mount in job.container["volumeMounts"]}

    (volume,) = [v for v in job.pod["volumes"] if v["name"] == mounts["/backups"]]

    assert "persistentVolumeClaim" in volume


def test_probes_ask_what_the_application_answers(app: Workload) -> None:
    """A database that is away must neither have every pod killed nor keep one from starting."""
    names = ("startup", "liveness", "readiness")
    paths = {name: app.container[f"{name}Probe"]["httpGet"]["path"] for name in names}
    answered = set(create_app(fake_runtime()).openapi()["paths"])

    assert paths == {"startup": "/livez", "liveness": "/livez", "readiness": "/readyz"}
    assert set(paths.values()) <= answered


def test_readiness_waits_longer_than_the_application_takes(app: Workload) -> None:
    """Else "the database is slow" would arrive as "no answer", without its reason."""
    probe = app.container["readinessProbe"]

    assert probe["timeoutSeconds"] > READY_SECONDS + GRACE_SECONDS
    assert probe["periodSeconds"] >= probe["timeoutSeconds"]


def test_start_may_take_two_minutes_and_hanging_half_a_one(app: Workload) -> None:
    """Liveness alone would kill a pod that starts on a node that is busy."""
    assert patience(app.container["startupProbe"]) == 120
    assert patience(app.container["livenessProbe"]) == 30


def test_requests_end_before_the_pod_is_killed(app: Workload) -> None:
    """PreStop and the grace of uvicorn are taken from the pod's own."""
    _, pause = app.container["lifecycle"]["preStop"]["exec"]["command"]
    grace = app.pod["terminationGracePeriodSeconds"]

    assert int(pause) + option("--timeout-graceful-shutdown") < grace


def test_forwarded_addresses_are_networks_and_not_everybody(app: Workload) -> None:
    """With `*` every client could choose the address that the log shows."""
    networks = [ip_network(n) for n in app.environment["FORWARDED_ALLOW_IPS"].split(",")]

    assert networks
    assert all(network.is_private or str(network) == "100.64.0.0/10" for network in networks)
