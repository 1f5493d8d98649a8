"""Print the SBOM of the image that this runs in, as CycloneDX JSON: `python - < deploy/sbom.py`.

It comes through standard input, so that nothing for it is in the image, and looks at what is
installed, so that it fits any image: one of a registry, one before the last, one built upon ours.
Nothing is fetched, and the same image has the same SBOM.
"""

from __future__ import annotations

import json
import os
import platform
import subprocess
import sys
import sysconfig
import tomllib
from importlib.metadata import distributions
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import quote
from uuid import NAMESPACE_URL, uuid5

if TYPE_CHECKING:
    from collections.abc import Iterable
    from importlib.metadata import Distribution

Component = dict[str, Any]

# One package a line; the state first, because dpkg remembers packages that are gone.
DPKG_QUERY = ["dpkg-query", "--show", "--showformat"]
DPKG_FORMAT = (
    "${db:Status-Status}\\t${Package}\\t${Version}\\t${Architecture}\\t${Maintainer}"
    "\\t${source:Package}\\t${source:Version}\\n"
)
_LONGEST_LICENSE_NAME = 100


def sbom(application: Component, operating_system: Component, parts: list[Component]) -> Component:
    """Return the document of an image with *application*, *operating_system* and *parts*."""
    root = {**application, "type": "container", "bom-ref": "image"}
    components = [application, operating_system, *sorted(parts, key=lambda part: part["bom-ref"])]
    contained = [component["bom-ref"] for component in components]
    document = {
        "bomFormat": "CycloneDX",
        "specVersion": "1.6",
        "version": 1,
        "metadata": {"component": root},
        "components": components,
        "dependencies": [{"ref": "image", "dependsOn": contained}],
    }
    number = uuid5(NAMESPACE_URL, json.dumps(document, sort_keys=True))
    return {**document, "serialNumber": number.urn}


def application_component(folder: Path, commit: str) -> Component:
    """Describe the application in *folder*, which was built from *commit*; `""` is not known."""
    project = tomllib.loads((folder / "pyproject.toml").read_text("utf-8"))["project"]
    component: Component = {"type": "application", "bom-ref": "application"}
    component |= {"name": project["name"], "version": project["version"]}
    if commit:
        component |= {"pedigree": {"commits": [{"uid": commit}]}}
    return component


def operating_system_component() -> Component:
    """Describe the distribution; scanners look its packages up under this name and version."""
    release = platform.freedesktop_os_release()
    version = release.get("VERSION_ID") or release.get("VERSION_CODENAME", "")
    kind = {"type": "operating-system", "bom-ref": "operating-system"}
    return {**kind, "name": release["ID"], "version": version}


def debian_packages(listing: str, operating_system: Component) -> list[Component]:
    """Read *listing*, as dpkg-query writes it by DPKG_FORMAT: a component for each package."""
    lines = [line.split("\t") for line in listing.splitlines()]
    return [_debian(fields[1:], operating_system) for fields in lines if fields[0] == "installed"]


def _debian(fields: list[str], operating_system: Component) -> Component:
    name, version, architecture, maintainer, source, source_version = fields
    distribution = f"{operating_system['name']}-{operating_system['version']}"
    qualifiers = {"arch": architecture, "distro": distribution}
    if (source, source_version) != (name, version):
        qualifiers["upstream"] = f"{source}@{source_version}"
    purl = f"pkg:deb/{operating_system['name']}/{_quoted(name)}@{_quoted(version)}?" + "&".join(
        f"{key}={_quoted(value)}" for key, value in qualifiers.items()
    )
    component = {"type": "library", "bom-ref": purl, "name": name, "version": version}
    # Advisories are about source packages: grype reads `upstream` of the purl, trivy this.
    properties = [{"name": "aquasecurity:trivy:SrcName", "value": source}]
    supplier = {"name": maintainer}
    return {**component, "purl": purl, "supplier": supplier, "properties": properties}


def python_packages(found: Iterable[Distribution]) -> list[Component]:
    """Return a component for each distribution that was *found*; one that is twice there, once."""
    components = [_python(distribution) for distribution in found]
    return list({component["bom-ref"]: component for component in components}.values())


def _python(distribution: Distribution) -> Component:
    name, version = distribution.metadata["Name"], distribution.version
    purl = f"pkg:pypi/{_quoted(name.lower().replace('_', '-'))}@{_quoted(version)}"
    component = {"type": "library", "bom-ref": purl, "name": name, "version": version}
    return {**component, "purl": purl, **_license(distribution)}


def _license(distribution: Distribution) -> Component:
    """Return the license of *distribution*; the old field holds a whole text at times."""
    metadata = distribution.metadata
    for expression in metadata.get_all("License-Expression") or ():
        return {"licenses": [{"expression": expression}]}
    name = (metadata.get_all("License") or [""])[0]
    if name and "\n" not in name and len(name) <= _LONGEST_LICENSE_NAME:
        return {"licenses": [{"license": {"name": name}}]}
    return {}


def interpreter() -> list[Component]:
    """Return Python itself and what lies beside it, where it is not a package of Debian."""
    if sys.base_prefix == "/usr":
        return []
    version = platform.python_version()
    purl = f"pkg:generic/python@{_quoted(version)}"
    base = {"base": sys.base_prefix, "platbase": sys.base_prefix}
    python = {"type": "platform", "bom-ref": purl, "name": "python", "version": version}
    cpe = f"cpe:2.3:a:python:python:{version}:*:*:*:*:*:*:*"
    beside = distributions(path=[sysconfig.get_path("purelib", vars=base)])
    return [{**python, "purl": purl, "cpe": cpe}, *python_packages(beside)]


def _quoted(text: str) -> str:
    return quote(text, safe=":")


def main() -> None:
    """Print the document; exit when this is no image of ours."""
    if not Path("pyproject.toml").is_file():
        sys.exit("no pyproject.toml here: run it in a container of the image, see containers.md")
    system = operating_system_component()
    shown = subprocess.run([*DPKG_QUERY, DPKG_FORMAT], stdout=subprocess.PIPE, check=True)
    installed = {sysconfig.get_path("purelib"), sysconfig.get_path("platlib")}
    parts = [
        *debian_packages(shown.stdout.decode(), system),
        *python_packages([*distributions(path=sorted(installed))]),
        *interpreter(),
    ]
    unique = list({part["bom-ref"]: part for part in parts}.values())
    application = application_component(Path(), os.environ.get("GIT_COMMIT", ""))
    json.dump(sbom(application, system, unique), sys.stdout, indent=1)
    print()  # noqa: T201 - a file ends with a line


if __name__ == "__main__":
    main()
