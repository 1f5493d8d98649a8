"""Log lines: their form, and what never stands in them."""

from __future__ import annotations

import io
import json
import logging
import logging.config
from typing import TYPE_CHECKING, Any

import pytest
from sqlalchemy import create_engine, text
from sqlalchemy.pool import StaticPool

from sst.config import Settings
from sst.redaction.logs import configure_logging

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

_CANARY = "hunter2-canary-in-a-log"
_INI = """
[loggers]
keys = root, sqlalchemy, engine
[handlers]
keys = console
[formatters]
keys = plain
[logger_root]
level = INFO
handlers = console
[logger_sqlalchemy]
level = INFO
handlers =
qualname = sqlalchemy.engine
[logger_engine]
level = DEBUG
handlers =
qualname = sqlalchemy.engine.Engine
[handler_console]
class = StreamHandler
args = (sys.stderr,)
level = NOTSET
formatter = plain
[formatter_plain]
format = %(message)s
"""


@pytest.fixture(autouse=True)
def logging_as_before() -> Iterator[None]:
    """Put the log back as it was: it belongs to the whole process."""
    root = logging.getLogger()
    handlers, level = list(root.handlers), root.level
    yield
    configure_logging(Settings(protected=False), ())
    root.handlers[:] = handlers
    root.setLevel(level)
    logging.getLogger("sst").setLevel(logging.NOTSET)


def settings(**values: Any) -> Settings:
    """Return settings with *values*."""
    return Settings.model_validate({"protected": False} | values)


def configured(*secrets: str, **values: Any) -> io.StringIO:
    """Configure the log and return what it writes to."""
    stream = io.StringIO()
    configure_logging(settings(**values), secrets, stream)
    return stream


def test_text_line_has_time_level_logger_and_message() -> None:
    stream = configured()

    logging.getLogger("sst.migrator").info("started %s", "now")

    time, level, logger, message = stream.getvalue().split(maxsplit=3)
    assert (level, logger, message) == ("INFO", "sst.migrator", "started now\n")
    assert time.endswith("Z")


def test_json_line_is_one_object_with_extras() -> None:
    stream = configured(log_format="json")

    logging.getLogger("sst").warning("two\nlines", extra={"run_id": "7", "seconds": 1.5})

    (line,) = stream.getvalue().splitlines()
    found = json.loads(line)
    assert found.pop("timestamp").endswith("Z")
    assert found == {
        "level": "WARNING",
        "logger": "sst",
        "message": "two\nlines",
        "run_id": "7",
        "seconds": 1.5,
    }


@pytest.mark.parametrize("log_format", ["text", "json"])
def test_secret_is_masked_wherever_it_stands(log_format: str) -> None:
    stream = configured(_CANARY, log_format=log_format)
    logger = logging.getLogger("sst")

    logger.error("in the text %s", _CANARY)
    logger.error("in a value", extra={"a": {_CANARY: [_CANARY]}, "b": ValueError(_CANARY)})
    try:
        raise ValueError(_CANARY)  # noqa: TRY301
    except ValueError:
        logger.exception("in a traceback", stack_info=True)

    assert "in a traceback" in stream.getvalue()
    assert "ValueError" in stream.getvalue()
    assert _CANARY not in stream.getvalue()


def test_unknown_password_in_a_url_is_masked() -> None:
    stream = configured()

    logging.getLogger("other").error("no route to postgresql://u:%s@h/db", _CANARY)

    assert _CANARY not in stream.getvalue()


@pytest.mark.parametrize("secret", ["message", "level", "2026", "1"])
def test_json_stays_json_whatever_the_secret_is(secret: str) -> None:
    stream = configured(secret, log_format="json")

    logging.getLogger("sst").error("message level 1", extra={"count": 1})

    assert json.loads(stream.getvalue())["logger"] == "sst"


def test_record_that_cannot_be_written_is_not_quoted(capsys: pytest.CaptureFixture[str]) -> None:
    """The library's own report prints the arguments, which nothing masks."""
    stream = configured(_CANARY)
    record = logging.makeLogRecord({"name": "sst", "msg": "%d", "args": (_CANARY,)})

    logging.getLogger().handlers[-1].handle(record)

    assert stream.getvalue() == "a log record of sst could not be written\n"
    assert capsys.readouterr().err == ""


def test_level_is_for_our_loggers_and_libraries_stay_quiet() -> None:
    stream = configured(log_level="DEBUG")

    logging.getLogger("sst.x").debug("ours")
    logging.getLogger("library").info("theirs")
    logging.getLogger("library").warning("their warning")

    assert "ours" in stream.getvalue()
    assert "theirs" not in stream.getvalue()
    assert "their warning" in stream.getvalue()


def test_debug_lets_libraries_speak() -> None:
    stream = configured(log_level="INFO", debug=True)

    logging.getLogger("library").info("theirs")

    assert "theirs" in stream.getvalue()


def test_configuring_twice_writes_once() -> None:
    configured()
    stream = configured()

    logging.getLogger("sst").info("once")

    assert stream.getvalue().count("once") == 1


def test_console_that_a_plugin_has_set_up_prints_nothing(
    capsys: pytest.CaptureFixture[str],
) -> None:
    """`logging.basicConfig()` in a plugin would print every line again, secrets and all."""
    logging.getLogger().handlers.clear()
    logging.basicConfig(level=logging.DEBUG)
    stream = configured(_CANARY)

    logging.getLogger("sst").info("the token is %s", _CANARY)

    assert _CANARY not in capsys.readouterr().err
    assert "the token is ********" in stream.getvalue()


def test_existing_loggers_stay_enabled() -> None:
    logger = logging.getLogger("somebody.else")

    configured()

    assert not logger.disabled


def ask_database(**options: Any) -> None:
    """Run one statement on an engine; no server is needed to see what is logged."""
    engine = create_engine("sqlite://", poolclass=StaticPool, **options)
    with engine.connect() as connection:
        connection.execute(text("select :secret"), {"secret": _CANARY})
    engine.dispose()


def test_sql_is_not_logged_where_protected_whatever_an_ini_file_says(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """One line of an alembic.ini turns on all SQL with its parameters."""
    ini = tmp_path / "alembic.ini"
    ini.write_text(_INI)
    stream = configured(protected=True)
    logging.config.fileConfig(ini, disable_existing_loggers=False)

    ask_database()
    ask_database(echo=True)
    ask_database(echo="debug", logging_name="named")

    for name in ("sqlalchemy.engine", "sqlalchemy.engine.Engine", "sqlalchemy.pool"):
        assert logging.getLogger(name).getEffectiveLevel() >= logging.WARNING
    captured = capsys.readouterr()
    assert _CANARY not in captured.out + captured.err + stream.getvalue()


def test_sql_echo_goes_to_the_log_and_not_to_stdout(capsys: pytest.CaptureFixture[str]) -> None:
    """Stdout is for results."""
    stream = configured(log_level="DEBUG", debug=True)

    ask_database(echo=True)

    assert "select ?" in stream.getvalue()
    assert capsys.readouterr().out == ""


def test_development_after_a_protected_one_may_log_sql() -> None:
    configured(protected=True)
    configured()

    logging.getLogger("sqlalchemy.engine").setLevel(logging.INFO)

    assert logging.getLogger("sqlalchemy.engine").getEffectiveLevel() == logging.INFO
    logging.getLogger("sqlalchemy.engine").setLevel(logging.NOTSET)
