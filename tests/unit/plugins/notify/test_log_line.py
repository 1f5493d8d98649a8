"""An event becomes one log line."""

from __future__ import annotations

import logging

import pytest

from plugins.notify import Config, Plugin
from plugins.notify.log_line import as_log_line
from sst.hooks.contract.events import EventKind
from sst.hooks.contract.run import Backup
from tests.support.plugin_project import an_event


def test_event_is_one_log_line(caplog: pytest.LogCaptureFixture) -> None:
    event = an_event(before=("a1", "b2"), after=("c3",), duration_ms=1200)

    with caplog.at_level(logging.INFO, logger="sst.notify"):
        Plugin(Config()).notify(event)

    [record] = caplog.records
    assert (record.name, record.levelno) == ("sst.notify", logging.INFO)
    assert record.getMessage() == (
        'run_succeeded message="the database is at a1" run_id=run-1 command=upgrade '
        "environment=testing before=a1,b2 after=c3 duration_ms=1200"
    )


def test_line_of_a_revision_repeats_nothing_of_its_run() -> None:
    event = an_event(EventKind.REVISION_APPLIED, before=("a1",), message="applied b2 Add a table")

    line = as_log_line(event.to_dict())

    assert line == 'revision_applied message="applied b2 Add a table" run_id=run-1'


@pytest.mark.parametrize(
    "kind", [EventKind.RUN_FAILED, EventKind.RUN_REFUSED, EventKind.RUN_UNHEALTHY]
)
def test_bad_news_is_a_warning(kind: EventKind, caplog: pytest.LogCaptureFixture) -> None:
    """It shows also where LOG_LEVEL hides what went well."""
    Plugin(Config()).notify(an_event(kind))

    assert caplog.records[0].levelno == logging.WARNING


def test_log_line_stays_one_line_and_names_the_backup() -> None:
    backup = Backup("b1", "file:///backups/b1.dump", 10, "f00", verified=True)
    event = an_event(message='line one\nsays "two"', backup=backup)

    line = as_log_line(event.to_dict())

    assert "\n" not in line
    assert r'message="line one\nsays \"two\""' in line
    assert line.endswith("backup=b1")
