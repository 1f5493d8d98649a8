"""The result of a plugin's command, as a report with its secrets masked."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sst.cli.call.presentation import Presentation
from sst.cli.result.table import records
from sst.migrator.values.report import Report
from sst.redaction.redact import visible
from sst.text import with_texts

if TYPE_CHECKING:
    from collections.abc import Callable

    from sst.cli.call.invocation import Invocation
    from sst.hooks import CommandResult

PRESENTATION = Presentation(keys=lambda _: {"data": {}})
"""Of every command of a plugin: it brings its lines, and its own values under `data`."""


def as_report(result: CommandResult, invocation: Invocation) -> Report:
    """Return *result* as a report; its warnings are also lines on stderr."""
    redact = invocation.runtime.redact
    warnings = tuple(redact(line) for line in result.warnings)
    return Report(
        run_id=result.run_id,
        backup=result.backup,
        warnings=warnings,
        lines=(*redact(result.text).splitlines(), *_rows(result, redact)),
        notes=tuple(f"warning: {line}" for line in warnings),
        extras={"data": with_texts(dict(result.data), redact)},
    )


def _rows(result: CommandResult, redact: Callable[[str], str]) -> list[str]:
    """Return the rows of *result* as lines, masked before anything is wrapped."""
    return records([[visible(redact(cell)) for cell in row] for row in result.rows])
