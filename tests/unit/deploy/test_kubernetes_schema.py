"""The Kubernetes manifests fit the official schemas, with no field that is not in them."""

from __future__ import annotations

import subprocess
import sys
from typing import TYPE_CHECKING

from tests.support.manifests import FOLDER, SCHEMA, manifests

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

MISTAKES = (
    ("Deployment", "readinessProbe:", "readynessProbe:"),
    ("Deployment", "timeoutSeconds: 5", "timeoutSeconds: five"),
    ("Deployment", "apps/v1", "apps/v1beta1"),
    ("Job", "backoffLimit:", "backofLimit:"),
    ("Job", "runAsNonRoot: true", "runAsNonRoot: untrue"),
    ("Service", "targetPort:", "targetport:"),
    ("NetworkPolicy", "podSelector:", "podSelectr:"),
    ("PodDisruptionBudget", "selector:", "selectors:"),
    ("PersistentVolumeClaim", "accessModes:", "accessMode:"),
    ("PersistentVolumeClaim", "kind: PersistentVolumeClaim", "kind: StorageClaim"),
)


def validate(*paths: Path) -> subprocess.CompletedProcess[str]:
    """Hold the objects at *paths*, one a file, against the schemas."""
    command = [sys.executable, "-m", "check_jsonschema", "--schemafile", str(SCHEMA)]
    return subprocess.run(
        [*command, *map(str, paths)], capture_output=True, text=True, check=False
    )


def text_of(kind: str) -> str:
    """Return the text of the first object of *kind*."""
    return next(manifest.text for manifest in manifests() if manifest.kind == kind)


def leaves(value: object, path: str = "") -> Iterator[tuple[str, object]]:
    """Yield every value that is neither a table nor a list, with its path."""
    if isinstance(value, dict):
        for key, inner in value.items():
            yield from leaves(inner, f"{path}.{key}")
    elif isinstance(value, list):
        for inner in value:
            yield from leaves(inner, f"{path}[]")
    else:
        yield path, value


def test_every_object_fits_its_schema(tmp_path: Path) -> None:
    """`kubectl apply` without validation would drop a misspelt field in silence."""
    paths = []
    for number, manifest in enumerate(manifests()):
        paths.append(tmp_path / f"{number}-{manifest.file}")
        paths[-1].write_text(manifest.text, "utf-8")

    result = validate(*paths)

    assert len(paths) == 7
    assert result.returncode == 0, result.stdout


def test_every_file_of_the_folder_is_tested() -> None:
    """One that no page applies would be one that nothing looks at."""
    assert {path.name for path in FOLDER.iterdir()} == {m.file for m in manifests()}


def test_schemas_refuse_what_is_misspelt_or_of_another_type(tmp_path: Path) -> None:
    """The schemas that the test above trusts are not some that accept everything."""
    paths = []
    for number, (kind, right, wrong) in enumerate(MISTAKES):
        assert right in text_of(kind)
        paths.append(tmp_path / f"{number}.yaml")
        paths[-1].write_text(text_of(kind).replace(right, wrong), "utf-8")

    result = validate(*paths)

    assert result.returncode == 1
    for path, (_, _, wrong) in zip(paths, MISTAKES, strict=True):
        lines = [line for line in result.stdout.splitlines() if f"{path}::" in line]
        assert any(wrong.strip(":").split()[-1].strip('"') in line for line in lines), wrong


def test_key_that_stands_twice_is_refused(tmp_path: Path) -> None:
    """Kubernetes refuses it; a reader of YAML that took the last one would not."""
    path = tmp_path / "twice.yaml"
    path.write_text(text_of("Deployment").replace("replicas: 2", "replicas: 2\n  replicas: 3"))

    result = validate(path)

    assert result.returncode == 1
    assert str(path) in result.stdout + result.stderr


def test_no_field_is_left_empty() -> None:
    """The schemas take nothing for any value, and Kubernetes takes it for "not set"."""
    found = [
        (m.file, path) for m in manifests() for path, value in leaves(m.value) if value is None
    ]

    assert found == []
