"""Hold a plugin to the distribution that the settings pin; nothing of it is imported."""

from __future__ import annotations

from importlib.machinery import PathFinder
from pathlib import Path
from typing import TYPE_CHECKING

from sst.hooks.finding.sources import Kind

if TYPE_CHECKING:
    from packaging.requirements import Requirement

    from sst.hooks.finding.sources import Candidate


def pin_fault(candidate: Candidate, pin: str) -> str | None:
    """Return why *candidate* is not what *pin*, such as `sst-slack>=1.2,<2`, asks for.

    None when it is: the distribution of that name, in a version that fits, and its own module.
    """
    from packaging.requirements import Requirement
    from packaging.utils import canonicalize_name

    wanted = Requirement(pin)
    found = candidate.distribution
    if not found:
        return f"is {candidate.source}, a local file; {pin} is pinned"
    if canonicalize_name(found) != canonicalize_name(wanted.name):
        return f"comes from {candidate.source}; {pin} is pinned"
    if not _fits(candidate.version, wanted):
        return f"is {candidate.source}; {pin} is pinned"
    return _shadow(candidate)


def _fits(version: str, wanted: Requirement) -> bool:
    from packaging.version import InvalidVersion, Version

    try:
        # As pip does it: a pre-release that is installed was asked for.
        return wanted.specifier.contains(Version(version), prereleases=True)
    except InvalidVersion:
        return False


def _shadow(candidate: Candidate) -> str | None:
    """Return where the module would really come from, when another one stands before it."""
    top = candidate.module.partition(".")[0]
    if candidate.path is None or candidate.kind is Kind.BUILT_IN:
        return None
    spec = PathFinder.find_spec(top)
    depth = candidate.module.count(".") + (candidate.path.name == "__init__.py")
    folder = candidate.path.parents[depth]
    if spec is None or spec.origin is None or Path(spec.origin).is_relative_to(folder):
        return None
    return f"is {candidate.source}, and its module {top} would come from {spec.origin}"
