"""The SQL that steps would send, from an offline run of env.py for each of them."""

from __future__ import annotations

import logging
from contextlib import contextmanager
from io import StringIO
from typing import TYPE_CHECKING

from sst.bridge.env_py.sql_text import as_written
from sst.bridge.statements.own_transaction import line_of_caller
from sst.bridge.values.steps import Step, StepSql

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence
    from pathlib import Path

    from alembic.runtime.migration import MigrationContext, RevisionStep

    from sst.bridge.env_py.runner import EnvironmentRunner
    from sst.bridge.history.history import History
    from sst.db.url import DatabaseUrl


class OfflineRun:
    """One pass over steps, each with an env.py run of its own."""

    def __init__(self, runner: EnvironmentRunner, history: History, url: DatabaseUrl) -> None:
        self._runner = runner
        self._history = history
        self._url = url
        self._env_failure: str | None = None

    def sql(self, steps: Iterable[Step]) -> tuple[StepSql, ...]:
        """Return the SQL of each step, or why there is none.

        A revision that reads data cannot run offline: it has a reason, and the rest go on.
        The first step from an empty database creates the version table, as Alembic shows it.
        """
        with silent_log():
            return tuple(self._of(step) for step in steps)

    def _of(self, step: Step) -> StepSql:
        if self._env_failure is not None:
            return StepSql(step.revision.id, None, self._env_failure)
        buffer = _Written(step.revision.path)
        try:
            text = self._text(step, buffer)
        except Exception as error:  # noqa: BLE001 - a revision may raise anything; it is reported
            return StepSql(step.revision.id, None, self._reason(error), tuple(buffer.sent))
        return StepSql(step.revision.id, text, None, tuple(buffer.sent))

    def _text(self, step: Step, buffer: StringIO) -> str:
        self._reached = False

        def one(_: Sequence[str], __: MigrationContext) -> list[RevisionStep]:
            self._reached = True
            return [self._history.step(step.revision.id, is_upgrade=step.is_upgrade)]

        self._runner.run(
            one,
            url=self._url,
            as_sql=True,
            starting_rev=step.before or None,
            destination_rev=step.revision.id,
            output_buffer=buffer,
        )
        return as_written(buffer.getvalue().strip())

    def _reason(self, error: Exception) -> str:
        text = " ".join(str(error).split())
        for secret in self._url.secrets:
            text = text.replace(secret, "***")
        if not self._reached:
            # It will fail the same way for every other step.
            self._env_failure = f"env.py cannot run without a connection: {text}"
            return self._env_failure
        return f"needs the database to run: {type(error).__name__}: {text}"


class _Written(StringIO):
    """What Alembic writes; it remembers what the revision in *file* has sent, and from where."""

    def __init__(self, file: Path | None) -> None:
        super().__init__()
        self._file = str(file)
        self.sent: list[tuple[int, str]] = []

    def write(self, text: str) -> int:
        """Write *text*: one statement, or a remark of Alembic's."""
        if line := line_of_caller(self._file):
            self.sent.append((line, as_written(text.strip())))
        return super().write(text)


@contextmanager
def silent_log() -> Iterator[None]:
    """Keep `Running downgrade ...` of Alembic out of the log, whatever env.py configures."""
    logger = logging.getLogger("alembic.runtime.migration")
    logger.addFilter(_is_warning)
    try:
        yield
    finally:
        logger.removeFilter(_is_warning)


def _is_warning(record: logging.LogRecord) -> bool:
    return record.levelno >= logging.WARNING
