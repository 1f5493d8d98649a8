"""The Kubernetes manifests, and the commands of the guides that apply them."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cache
from typing import Any

import yaml

from tests.support.compose import ROOT

FOLDER = ROOT / "deploy" / "kubernetes"
SCHEMA = ROOT / "tests" / "support" / "kubernetes_schema.json"
"""Of the kinds that the manifests use; the file says where it comes from."""

_APPLIED = re.compile(r"deploy/kubernetes/([\w-]+\.yaml)")
_SEPARATOR = re.compile(r"^---\n", re.MULTILINE)


@dataclass(frozen=True, slots=True)
class Manifest:
    """One object of a file: as written, and as Kubernetes reads it."""

    file: str
    text: str
    value: dict[str, Any]

    @property
    def kind(self) -> str:
        """The kind of the object."""
        return str(self.value["kind"])

    @property
    def name(self) -> str:
        """The name of the object, or the beginning of the name that is generated for it."""
        metadata = self.value["metadata"]
        return str(metadata.get("name") or metadata["generateName"])

    @property
    def spec(self) -> dict[str, Any]:
        """What the object asks for."""
        return dict(self.value["spec"])


@dataclass(frozen=True, slots=True)
class Workload:
    """What runs pods: a Deployment or a Job with one container."""

    manifest: Manifest

    @property
    def labels(self) -> dict[str, str]:
        """The labels of its pods."""
        return dict(self.manifest.spec["template"]["metadata"]["labels"])

    @property
    def pod(self) -> dict[str, Any]:
        """The specification of its pods."""
        return dict(self.manifest.spec["template"]["spec"])

    @property
    def container(self) -> dict[str, Any]:
        """The one container of its pods."""
        (container,) = self.pod["containers"]
        return dict(container)

    @property
    def environment(self) -> dict[str, str]:
        """The variables of its container."""
        return {variable["name"]: variable["value"] for variable in self.container["env"]}


@cache
def manifests() -> tuple[Manifest, ...]:
    """Return every object of every file, in the order in which the guides apply the files."""
    return tuple(manifest for file in files() for manifest in read_manifests(file))


def read_manifests(file: str) -> list[Manifest]:
    """Return the objects of *file*, in its order."""
    texts = _SEPARATOR.split((FOLDER / file).read_text("utf-8"))
    return [Manifest(file, text, yaml.safe_load(text)) for text in texts]


def files() -> tuple[str, ...]:
    """Return the files in the order in which the commands of deployment.md name them."""
    return applied_files((ROOT / "docs/operators/deployment.md").read_text("utf-8"))


def applied_files(page: str) -> tuple[str, ...]:
    """Return the files that the `kubectl` commands in the code blocks of *page* name, in order."""
    blocks = re.findall(r"^```bash\n(.*?)^```", page, re.DOTALL | re.MULTILINE)
    commands = [line for block in blocks for line in block.splitlines() if "kubectl" in line]
    return tuple(_APPLIED.findall("\n".join(commands)))


def only(kind: str) -> Manifest:
    """Return the one object of *kind*."""
    (found,) = [manifest for manifest in manifests() if manifest.kind == kind]
    return found


def workloads() -> dict[str, Workload]:
    """Return what runs pods, by kind."""
    return {kind: Workload(only(kind)) for kind in ("Deployment", "Job")}


def selects(selector: dict[str, Any], labels: dict[str, str]) -> bool:
    """Tell whether a label *selector* chooses a pod with *labels*; an empty one chooses all."""
    expressions = selector.get("matchExpressions", ())
    assert all(expression["operator"] == "In" for expression in expressions), expressions
    return selector.get("matchLabels", {}).items() <= labels.items() and all(
        labels.get(expression["key"]) in expression["values"] for expression in expressions
    )


def policies_of(labels: dict[str, str], direction: str) -> list[dict[str, Any]]:
    """Return the network policies that bind a pod with *labels* in *direction*."""
    return [
        manifest.spec
        for manifest in manifests()
        if manifest.kind == "NetworkPolicy"
        and direction in manifest.spec["policyTypes"]
        and selects(manifest.spec["podSelector"], labels)
    ]
