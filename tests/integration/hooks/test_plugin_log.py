"""What plugins write into the log, and under which name it stands there."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from tests.support.project import Project

SPEAKER = """
import logging
from sst.hooks import hookimpl

log = logging.getLogger({logger})

class Plugin:
    @hookimpl
    def pre_migrate(self, run):
        log.warning("in a gate")

    @hookimpl
    def notify(self, event):
        log.warning("in a thread")
"""
SETTINGS = """
[default.plugins]
enabled = ["speaker", "pager"]
[default.plugins.pager]
use = "speaker"
"""


@pytest.mark.parametrize(
    ("logger", "shown"),
    [("__name__", "plugins.speaker"), ("'sst.plugins.speaker'", "sst.plugins.speaker")],
)
def test_log_line_names_the_instance_that_wrote_it(
    project: Project, logger: str, shown: str
) -> None:
    """The module and its logger are shared by all instances."""
    project.plugin("speaker", SPEAKER.format(logger=logger))
    project.revision("one")
    (project.root / "settings.toml").write_text(SETTINGS)

    text = project.migrate("upgrade")
    project.revision("two")
    lines = project.migrate("upgrade", LOG_FORMAT="json").stderr.splitlines()

    for said in ("in a gate", "in a thread"):
        for name in (shown, f"{shown} (pager)"):
            assert f" WARNING {name}  {said}\n" in text.stderr, text.stderr
        found = [json.loads(line) for line in lines if said in line]
        assert {each["plugin"] for each in found} == {"speaker", "pager"}
