"""The SBOM of the image is complete, fits CycloneDX, and is the same for the same image."""

from __future__ import annotations

import json
import subprocess
import sys
from importlib.metadata import distributions
from typing import TYPE_CHECKING

import pytest

from deploy import sbom
from tests.support.compose import ROOT

if TYPE_CHECKING:
    from pathlib import Path

SCHEMA = ROOT / "tests/support/cyclonedx_schema.json"
SYSTEM = {
    "type": "operating-system",
    "bom-ref": "operating-system",
    "name": "debian",
    "version": "12",
}
LISTING = (
    "installed\tlibc6\t2.36-9+deb12u10\tamd64\tLibc <l@x>\tglibc\t2.36-9+deb12u10\n"
    "installed\tpasswd\t1:4.13+dfsg1-1\tamd64\tShadow <s@x>\tshadow\t1:4.13+dfsg1-1\n"
    "installed\ttar\t1.34~x\tall\tTar <t@x>\ttar\t1.34~x\n"
    "config-files\tgone\t1.0\tamd64\tGone <g@x>\tgone\t1.0\n"
)


def document() -> sbom.Component:
    """Return the document of the packages of LISTING and of those that the tests run with."""
    application = sbom.application_component(ROOT, "0123abcd")
    parts = sbom.debian_packages(LISTING, SYSTEM) + sbom.python_packages(distributions())
    return sbom.sbom(application, SYSTEM, parts)


def problems(made: sbom.Component, tmp_path: Path) -> str:
    """Hold *made* against the schema of CycloneDX, and return the differences."""
    path = tmp_path / "made.cdx.json"
    path.write_text(json.dumps(made), "utf-8")
    command = [sys.executable, "-m", "check_jsonschema", "--schemafile", str(SCHEMA)]
    result = subprocess.run([*command, str(path)], capture_output=True, text=True, check=False)
    return "" if result.returncode == 0 else result.stdout + result.stderr


def test_document_fits_the_schema_of_cyclonedx(tmp_path: Path) -> None:
    assert problems(document(), tmp_path) == ""


def test_schema_refuses_what_is_no_cyclonedx(tmp_path: Path) -> None:
    """The schema that the test above trusts is not one that accepts everything."""
    made = document()
    made["components"][2]["kind"] = "library"

    assert "'kind' was unexpected" in problems(made, tmp_path)


def test_every_installed_package_is_in_it_once() -> None:
    made = document()

    named = [component["name"] for component in made["components"]]
    here = {distribution.metadata["Name"] for distribution in distributions()}
    assert {"libc6", "passwd", "tar"} | here <= set(named)
    assert "gone" not in named
    references = [component["bom-ref"] for component in made["components"]]
    assert len(references) == len(set(references))
    assert made["dependencies"] == [{"ref": "image", "dependsOn": references}]


def test_scanners_find_the_source_package_that_advisories_name() -> None:
    libc, passwd, tar = sbom.debian_packages(LISTING, SYSTEM)

    assert libc["purl"] == (
        "pkg:deb/debian/libc6@2.36-9%2Bdeb12u10?arch=amd64&distro=debian-12"
        "&upstream=glibc%402.36-9%2Bdeb12u10"
    )
    assert "upstream=shadow%401:4.13%2Bdfsg1-1" in passwd["purl"]
    assert tar["purl"] == "pkg:deb/debian/tar@1.34~x?arch=all&distro=debian-12"
    assert libc["properties"] == [{"name": "aquasecurity:trivy:SrcName", "value": "glibc"}]


def test_application_is_in_it_with_its_commit() -> None:
    made = document()

    application = made["components"][0]
    assert (application["name"], application["type"]) == ("sst-platform", "application")
    assert application["pedigree"] == {"commits": [{"uid": "0123abcd"}]}
    assert made["metadata"]["component"]["pedigree"] == application["pedigree"]
    assert "pedigree" not in sbom.application_component(ROOT, "")


def test_same_image_has_the_same_document() -> None:
    """What differs between two of them differs between the images."""
    first, second = document(), document()

    assert json.dumps(first) == json.dumps(second)
    assert "timestamp" not in json.dumps(first)


def test_python_of_its_own_is_a_component(monkeypatch: pytest.MonkeyPatch) -> None:
    """The official images of Python have one that dpkg does not know; Debian's it does."""
    monkeypatch.setattr(sys, "base_prefix", "/usr/local")
    own = sbom.interpreter()
    monkeypatch.setattr(sys, "base_prefix", "/usr")

    assert own[0]["name"] == "python"
    assert own[0]["cpe"].startswith("cpe:2.3:a:python:python:3.")
    assert sbom.interpreter() == []


def test_elsewhere_than_in_the_image_it_says_where(tmp_path: Path) -> None:
    with (ROOT / "deploy/sbom.py").open("rb") as program:
        result = subprocess.run(
            [sys.executable, "-"],
            stdin=program,
            cwd=tmp_path,
            capture_output=True,
            text=True,
            check=False,
        )

    assert result.returncode == 1
    assert result.stdout == ""
    assert "in a container of the image" in result.stderr


@pytest.mark.parametrize("name", ["license", "expression"])
def test_license_is_told_as_the_package_tells_it(tmp_path: Path, name: str) -> None:
    """A name of one line, or the expression of newer packages; a whole text is left out."""
    field = {"license": "License: MIT", "expression": "License-Expression: MIT"}[name]
    info = tmp_path / "shop-1.dist-info"
    info.mkdir()
    (info / "METADATA").write_text(f"Name: Shop_a\nVersion: 1\n{field}\n", "utf-8")

    [package] = sbom.python_packages(distributions(path=[str(tmp_path)]))

    assert package["purl"] == "pkg:pypi/shop-a@1"
    expected = {"license": {"license": {"name": "MIT"}}, "expression": {"expression": "MIT"}}
    assert package["licenses"] == [expected[name]]
