"""The summary of a step of GitHub Actions: Markdown, appended to a file of the runner."""

from __future__ import annotations

import os

from sst.cli.result.pipelines.annotations import Annotation
from sst.kept.doubts import doubt

VARIABLE = "GITHUB_STEP_SUMMARY"


def write_summary(page: str) -> list[str]:
    """Append *page* to the summary of the step, where there is one.

    Returns no line, or a workflow command that says why it was not written.
    """
    path = os.environ.get(VARIABLE)
    if not path:
        return []
    # An answer that is told again would write nothing.
    doubt("the summary of a step is written")
    try:
        with open(path, "a", encoding="utf-8", errors="backslashreplace") as file:  # noqa: PTH123 - appended to, as GitHub asks
            file.write(page)
    except OSError as error:
        text = f"the summary of the step could not be written: {error.strerror}"
        return [str(Annotation("warning", "summary", text))]
    return []
