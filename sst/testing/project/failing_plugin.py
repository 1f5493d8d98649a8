"""A plugin that fails where a test wants it: the rest of the run is real."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sst.hooks.contract.specs import MODES
from sst.hooks.finding.hook_functions import hook_arguments, nearest
from sst.testing.project.files import write_source

if TYPE_CHECKING:
    from pathlib import Path

FAILING = "fails_on_purpose"
"""The name of the plugin."""
REASON = "failed on purpose"
_HEAD = '"""Written by `project.fail_at`."""\n\nfrom sst.hooks import Veto, hookimpl\n'
_HOOK = """

@hookimpl
def {hook}({arguments}):
    if {condition}:
        raise {error}({reason!r})
"""
_CONDITIONS = {
    "revision": "revision.id == {!r}",
    "event": "event.revision == {!r}",
    "failure": "failure.revision == {!r}",
}


def write_failing(
    folder: Path, points: dict[str, str | None], *, reason: str, is_veto: bool
) -> None:
    """Write the plugin to *folder*: every hook of *points* raises, at its revision or always."""
    hooks = (
        _HOOK.format(
            hook=hook,
            arguments=", ".join(hook_arguments(hook)),
            condition=_condition(hook, revision),
            error="Veto" if is_veto else "RuntimeError",
            reason=reason,
        )
        for hook, revision in points.items()
    )
    write_source(folder / f"{FAILING}.py", _HEAD + "".join(hooks))


def check_point(hook: str, revision: str | None) -> None:
    """Raise `ValueError` when there is no such hook, or it is not about a revision."""
    if hook not in MODES:
        meant = nearest(hook, MODES)
        raise ValueError(
            f"there is no hook {hook}" + (f"; did you mean {meant}?" if meant else "")
        )
    _condition(hook, revision)


def _condition(hook: str, revision: str | None) -> str:
    if revision is None:
        return "True"
    about = [name for name in hook_arguments(hook) if name in _CONDITIONS]
    if not about:
        raise ValueError(f"{hook} is not called for a revision; leave {revision!r} out")
    return _CONDITIONS[about[0]].format(revision)
