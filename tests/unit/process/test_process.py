"""What the process shares is compared and put back: its log, its variables, its folder."""

from __future__ import annotations

import logging
import os
from typing import TYPE_CHECKING

import pytest

from sst.process.environment import Variables, restore_working_folder, working_folder
from sst.process.loggers import Logging, OwnLogging

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

OURS, THEIRS = "sst.process_test", "process_test.library"


@pytest.fixture(autouse=True)
def _put_back() -> Iterator[None]:
    whole = Logging.now()
    yield
    logging.disable(logging.NOTSET)
    whole.restore()


def names(*loggers: str) -> None:
    """Make *loggers* known."""
    for name in loggers:
        logging.getLogger(name)


def test_whole_log_is_put_back_also_that_of_others() -> None:
    names(THEIRS)
    before, handler = Logging.now(), logging.NullHandler()
    logger = logging.getLogger(THEIRS)
    logger.addHandler(handler)
    logger.setLevel(logging.ERROR)
    logger.propagate = False

    before.restore()

    assert (logger.handlers, logger.level, logger.propagate) == ([], logging.NOTSET, True)


def test_logger_that_is_new_becomes_untouched() -> None:
    before = Logging.now()
    logger = logging.getLogger(f"{THEIRS}.new")
    logger.setLevel(logging.ERROR)

    before.restore()

    assert logger.level == logging.NOTSET


@pytest.mark.parametrize("name", ["", OURS])
def test_own_log_is_kept_whole(name: str) -> None:
    names(OURS)
    before, logger = OwnLogging.now(), logging.getLogger(name)
    level = logger.level
    logger.setLevel(logging.CRITICAL)
    assert before.differs(OwnLogging.now())

    before.restore()

    assert logger.level == level
    assert not before.differs(OwnLogging.now())


def test_log_of_others_is_kept_as_far_as_it_speaks() -> None:
    names(THEIRS)
    before, logger = OwnLogging.now(), logging.getLogger(THEIRS)
    logger.setLevel(logging.ERROR)
    assert not before.differs(OwnLogging.now())
    logger.disabled = True
    assert before.differs(OwnLogging.now())

    before.restore()

    assert (logger.disabled, logger.level) == (False, logging.ERROR)


def test_silence_for_everybody_is_a_change() -> None:
    before = OwnLogging.now()
    logging.disable(logging.ERROR)
    assert before.differs(OwnLogging.now())

    before.restore()

    assert logging.root.manager.disable == logging.NOTSET


def test_new_logger_is_no_change_of_the_own_log() -> None:
    before = OwnLogging.now()
    names(f"{OURS}.new", f"{THEIRS}.newer")

    assert not before.differs(OwnLogging.now())


def test_variables_are_named_and_put_back(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SST_OLD", "1")
    monkeypatch.setenv("SST_SAME", "1")
    monkeypatch.delenv("SST_NEW", raising=False)
    before = Variables.now()
    os.environ["SST_NEW"] = "1"
    del os.environ["SST_OLD"]
    now = Variables.now()

    before.restore(now)

    assert before.changed(now) == ("SST_NEW", "SST_OLD")
    assert (os.environ["SST_OLD"], "SST_NEW" in os.environ) == ("1", False)


def test_folder_that_is_gone_is_none(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    gone = tmp_path / "gone"
    gone.mkdir()
    os.chdir(gone)
    gone.rmdir()

    assert working_folder() is None
    restore_working_folder(str(tmp_path))
    assert working_folder() == str(tmp_path)
