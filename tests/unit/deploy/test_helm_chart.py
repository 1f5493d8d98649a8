"""The chart, and the Application of Argo CD that deploys it, say the same as the manifests."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from typing import TYPE_CHECKING, Any

import pytest
import yaml

from tests.support.compose import ROOT
from tests.support.helm_render import CHART, default_values, merged, render, render_chart
from tests.support.manifests import SCHEMA, only

if TYPE_CHECKING:
    from pathlib import Path

APPLICATION = ROOT / "deploy" / "argocd" / "application.yaml"
APPLICATION_SCHEMA = ROOT / "tests" / "support" / "argocd_schema.json"
CHANGES: dict[str, Any] = {
    "image": {"repository": "registry.example.com/team/sst", "tag": "1.2.3"},
    "imagePullSecrets": [{"name": "registry"}],
    "env": [{"name": "LOG_LEVEL", "value": "INFO"}],
    "migrate": {"retries": 3},
}


def validate(schema: Path, *paths: Path) -> subprocess.CompletedProcess[str]:
    """Hold the documents at *paths* against *schema*."""
    command = [sys.executable, "-m", "check_jsonschema", "--schemafile", str(schema)]
    return subprocess.run(
        [*command, *map(str, paths)], capture_output=True, text=True, check=False, timeout=60
    )


def objects(release: str, changes: dict[str, Any]) -> dict[str, dict[str, Any]]:
    """Return what *release* of the chart makes, by kind, with *changes* to its values."""
    rendered = render_chart(merged(default_values(), changes), release)
    found = [yaml.safe_load(text) for text in rendered.values()]
    return {each["kind"]: each for each in found}


def test_release_named_sst_is_what_the_manifests_are() -> None:
    """One shape of pods, probes and limits: the tests of the manifests hold for the chart."""
    made = objects("sst", {})

    kinds = ("Deployment", "Job", "PodDisruptionBudget", "Service")
    assert sorted(made) == sorted(kinds)
    assert {kind: made[kind]["spec"] for kind in kinds} == {
        kind: only(kind).spec for kind in kinds
    }


@pytest.mark.parametrize("changes", [{}, CHANGES])
def test_every_object_fits_the_schema_of_kubernetes(
    tmp_path: Path, changes: dict[str, Any]
) -> None:
    paths = []
    for name, text in render_chart(merged(default_values(), changes), "shop").items():
        paths.append(tmp_path / name)
        paths[-1].write_text(text, "utf-8")

    result = validate(SCHEMA, *paths)

    assert result.returncode == 0, result.stdout


def test_migration_is_a_hook_of_helm_and_of_argo_cd() -> None:
    """It runs before anything changes; the Job of the last release gives way to it."""
    job = objects("shop", {})["Job"]

    assert job["metadata"] == {
        "name": "shop-migrate",
        "annotations": {
            "helm.sh/hook": "pre-install,pre-upgrade",
            "helm.sh/hook-weight": "-5",
            "helm.sh/hook-delete-policy": "before-hook-creation",
            "argocd.argoproj.io/hook": "PreSync",
            "argocd.argoproj.io/hook-delete-policy": "BeforeHookCreation",
            "argocd.argoproj.io/sync-wave": "-5",
        },
    }


def test_only_exit_code_75_is_tried_again() -> None:
    """A revision that failed would fail again, and after exit code 4 the schema is migrated."""
    job = objects("shop", {"migrate": {"retries": 3}})["Job"]["spec"]

    (rule,) = job["podFailurePolicy"]["rules"]
    (container,) = job["template"]["spec"]["containers"]
    assert job["backoffLimit"] == 3
    assert rule["action"] == "FailJob"
    assert rule["onExitCodes"] == {
        "containerName": container["name"],
        "operator": "NotIn",
        "values": [75],
    }


def test_two_releases_share_no_name_and_no_label() -> None:
    shop, other = objects("shop", {}), objects("other", {})

    assert [each["metadata"]["name"] for each in shop.values()] == [
        each["metadata"]["name"].replace("other", "shop") for each in other.values()
    ]
    assert shop["Service"]["spec"]["selector"] == {"app": "shop"}
    assert other["Service"]["spec"]["selector"] == {"app": "other"}


@pytest.mark.parametrize("changes", [{}, CHANGES])
def test_values_fit_their_schema(tmp_path: Path, changes: dict[str, Any]) -> None:
    values = tmp_path / "values.json"
    values.write_text(json.dumps(merged(default_values(), changes)), "utf-8")

    result = validate(CHART / "values.schema.json", values)

    assert result.returncode == 0, result.stdout


@pytest.mark.parametrize(
    "changes",
    [
        {"replicas": 2},
        {"image": {"tag": 1.2}},
        {"image": {"repository": "has a space"}},
        {"app": {"replicas": "two"}},
        {"existingSecrets": {"database": "postgresql://owner:word@db/shop"}},
        {"env": [{"name": "DATABASE_URL", "value": "postgresql://owner:word@db/shop"}]},
        {"migrate": {"retries": -1}},
        {"service": {"port": 0}},
    ],
    ids=str,
)
def test_values_that_are_wrong_or_secret_are_refused(
    tmp_path: Path, changes: dict[str, Any]
) -> None:
    """What stands in values is kept by Helm in the cluster, and by a team in Git."""
    values = tmp_path / "values.json"
    found = default_values()
    tables = {k: found[k] | v if isinstance(v, dict) else v for k, v in changes.items()}
    values.write_text(json.dumps(found | tables), "utf-8")

    result = validate(CHART / "values.schema.json", values)

    assert result.returncode == 1, result.stdout


@pytest.mark.parametrize("line", ['{{ include "name" . }}', "{{ .Values.a | quote }}", "{{ x }}"])
def test_form_that_the_renderer_does_not_know_is_refused(line: str) -> None:
    """A template must not pass here because half of it was left as it stands."""
    with pytest.raises(ValueError, match="not a form that is known"):
        render(line, {"Values": {"a": "b"}, "Release": {"Name": "shop"}})


@pytest.mark.parametrize("changes", [{}, CHANGES])
def test_helm_renders_the_same(tmp_path: Path, changes: dict[str, Any]) -> None:
    if not (helm := shutil.which("helm")):
        pytest.skip("no helm on PATH")
    values = tmp_path / "values.json"
    values.write_text(json.dumps(changes), "utf-8")
    command = [helm, "template", "shop", str(CHART), "--values", str(values)]

    result = subprocess.run(command, capture_output=True, text=True, check=False, timeout=60)

    assert result.returncode == 0, result.stderr
    found = {each["kind"]: each for each in yaml.safe_load_all(result.stdout) if each}
    assert found == objects("shop", changes)


def test_application_fits_its_schema_and_its_values_those_of_the_chart(tmp_path: Path) -> None:
    helm = yaml.safe_load(APPLICATION.read_text("utf-8"))["spec"]["source"]["helm"]
    values = tmp_path / "values.json"
    values.write_text(json.dumps(merged(default_values(), helm["valuesObject"])), "utf-8")

    results = [
        validate(APPLICATION_SCHEMA, APPLICATION),
        validate(CHART / "values.schema.json", values),
    ]

    assert [result.returncode for result in results] == [0, 0], [r.stdout for r in results]


def test_application_deploys_the_chart_and_repeats_no_failed_migration() -> None:
    spec = yaml.safe_load(APPLICATION.read_text("utf-8"))["spec"]

    assert ROOT / spec["source"]["path"] == CHART
    assert spec["source"]["helm"]["releaseName"] == "sst"
    assert spec["syncPolicy"]["retry"] == {"limit": 0}
    assert spec["syncPolicy"]["automated"] == {"prune": False, "selfHeal": False}


@pytest.mark.parametrize(
    ("right", "wrong"),
    [("repoURL:", "repoUrl:"), ("limit: 0", "limit: none"), ("syncPolicy:", "syncpolicy:")],
)
def test_application_that_is_misspelt_is_refused(tmp_path: Path, right: str, wrong: str) -> None:
    text = APPLICATION.read_text("utf-8")
    path = tmp_path / "application.yaml"
    path.write_text(text.replace(right, wrong), "utf-8")

    result = validate(APPLICATION_SCHEMA, path)

    assert right in text
    assert result.returncode == 1, result.stdout
