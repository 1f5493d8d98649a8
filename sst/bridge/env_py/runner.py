"""Runs a project's own env.py, one at a time, with our work in the place of Alembic's command."""

from __future__ import annotations

import sys
import traceback
import warnings
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING, Any

import alembic.context
import alembic.op
from alembic.runtime.environment import EnvironmentContext
from alembic.util import CommandError
from sqlalchemy.exc import DBAPIError, MissingGreenlet, SQLAlchemyError

from sst.bridge.env_py.sql_text import keep_characters, offline_options
from sst.bridge.location.paths import shown
from sst.bridge.models.compare import compare_json_defaults, comparing_options
from sst.bridge.values.process_state import ONE_AT_A_TIME, kept_within
from sst.errors import RUN_AGAIN, ConfigError, HeadsUnchangedError, HistoryError, Problem, SstError
from sst.hooks.contract.error_location import line_in

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    from alembic.config import Config
    from alembic.runtime.migration import MigrationContext, RevisionStep, StampStep
    from alembic.script import ScriptDirectory
    from sqlalchemy.engine import Connection

    from sst.bridge.history.history import History
    from sst.bridge.location.branches import Branch
    from sst.bridge.location.location import Location
    from sst.bridge.values.process_state import Outside
    from sst.db.url import DatabaseUrl

    Work = Callable[[tuple[str, ...], MigrationContext], Iterable[RevisionStep | StampStep]]


class EnvironmentRunner:
    """Runs the env.py of one project."""

    def __init__(self, location: Location, history: History) -> None:
        self._location = location
        self._script = history.script
        self._branches = history.branches
        self._outside: Outside | None = None

    @contextmanager
    def outside(self) -> Iterator[None]:
        """Let a body be no part of the run of env.py around it, if there is one.

        The process has its own logging, and another env.py may be run meanwhile.
        """
        if self._outside is None:
            yield
            return
        outside, self._outside = self._outside, None
        modules: tuple[Any, ...] = (alembic.context, alembic.op)
        proxies = [module._proxy for module in modules]  # noqa: SLF001 - one per process
        with outside():
            ONE_AT_A_TIME.release()
            try:
                yield
            finally:
                ONE_AT_A_TIME.acquire()
                self._outside = outside
                for each in proxies:
                    each._install_proxy()  # noqa: SLF001 - another run has taken it away

    def run(
        self,
        work: Work,
        *,
        url: DatabaseUrl,
        connection: Connection | None = None,
        keep: bool = False,
        **options: Any,
    ) -> None:
        """Run env.py; when it calls `context.run_migrations()`, *work* gives the steps.

        *connection* is handed over outside a transaction and comes back outside one:
        what is still open on it is committed when *keep*, else rolled back.
        *options* are those of Alembic's `EnvironmentContext`, such as `as_sql`.

        Raises `HeadsUnchangedError` when env.py ends without asking for the work,
        `ConfigError` when it fails before, `HistoryError` for what Alembic itself refuses.
        What *work* or a revision raises is raised unchanged.
        """
        asked: list[bool] = []

        def noticed(
            heads: tuple[str, ...], context: MigrationContext
        ) -> Iterable[RevisionStep | StampStep]:
            asked.append(True)
            return work(heads, context)

        with (
            ONE_AT_A_TIME,
            kept_within() as outside,
            _handed_over(connection, keep=keep),
        ):
            config = self._location.config(url, connection)
            options = {"destination_rev": "heads", **options, "fn": noticed}
            self._outside = outside
            try:
                with _Environment(config, self._script, self._branches, **options):
                    self._run_env_py(url, asked)
            finally:
                self._outside = None
        if not asked:
            raise _never_asked(self._script.env_py_location)

    def _run_env_py(self, url: DatabaseUrl, asked: list[bool]) -> None:
        file = self._script.env_py_location
        try:
            with warnings.catch_warnings():
                # A synchronous env.py with an asynchronous driver: the error says it better.
                warnings.filterwarnings("ignore", "coroutine 'connect' was never", RuntimeWarning)
                self._script.run_env()
        except SystemExit as error:
            _refuse_end(file, error)
            raise
        except CommandError as error:
            raise _refused(error) from error
        except (SstError, DBAPIError, ConnectionError):
            raise
        except Exception as error:
            if asked and not _left_by_autocommit_block(error):
                raise
            raise _broken(file, error, url) from error


class _Environment(EnvironmentContext):
    """The `alembic.context` of env.py, with the options that a safe run depends on."""

    def __init__(
        self,
        config: Config,
        script: ScriptDirectory,
        branches: tuple[Branch, ...],
        **options: Any,
    ) -> None:
        super().__init__(config, script, **options)
        self._branches = branches
        self._buffer = options.get("output_buffer")

    def configure(self, *args: Any, **options: Any) -> None:
        """Take env.py's options; each revision is a transaction, and SQL goes where we read it."""
        options["transaction_per_migration"] = True
        if self.is_offline_mode():
            args, options = (), offline_options(args, options)
            options["output_buffer"] = self._buffer
        schema = self.config.attributes.get("schema", "")
        compared = comparing_options(options, self._branches, schema)
        super().configure(*args, **options | compared)
        compare_json_defaults(self.get_context())
        if self.is_offline_mode():
            keep_characters(self.get_context())


# The module's functions find their object through the class that they were made for.
_Environment._setups[_Environment] = EnvironmentContext._setups[EnvironmentContext]  # noqa: SLF001


@contextmanager
def _handed_over(connection: Connection | None, *, keep: bool) -> Iterator[None]:
    """Hand *connection* over outside a transaction, open to the end, and take it back outside one.

    Inside a transaction Alembic commits nothing and says nothing: it takes it for the caller's.
    """
    if connection is None:
        yield
        return
    connection.commit()
    try:
        with _kept_open(connection):
            yield
            _settle(connection, keep=keep)
    except BaseException:
        # The first error is the one to report; a connection that broke cannot be rolled back.
        with suppress(SQLAlchemyError):
            connection.rollback()
        raise


@contextmanager
def _kept_open(connection: Connection) -> Iterator[None]:
    """Let env.py's `with connection:` end without closing what carries the run's lock."""
    connection.close = connection.rollback  # type: ignore[method-assign]
    try:
        yield
    finally:
        del connection.close


def _settle(connection: Connection, *, keep: bool) -> None:
    if keep:
        connection.commit()
    else:
        connection.rollback()


def _never_asked(file: str) -> HeadsUnchangedError:
    return HeadsUnchangedError(
        what=f"{shown(file)} ended without running migrations.",
        why="it did not call context.run_migrations(); nothing was applied",
        next_step=f"look for a condition in {shown(file)} that leaves it out",
    )


def _refuse_end(file: str, error: SystemExit) -> None:
    """Raise when env.py itself ended the process; a revision that does has failed."""
    frames = traceback.extract_tb(error.__traceback__)
    if any(frame.name == "run_migrations" for frame in frames):
        return
    raise HeadsUnchangedError(
        what=f"{shown(file)} ended the process (exit {error.code}).",
        why=f"sys.exit() was called at {shown(file)}:{line_in(file, error)}",
        next_step="make it raise an error instead",
    ) from error


def _refused(error: CommandError) -> HistoryError:
    return HistoryError(
        what="Alembic refused the step.",
        why=str(error),
        next_step="compare `python migrate.py current` with `python migrate.py history`",
    )


def _broken(file: str, error: Exception, url: DatabaseUrl) -> ConfigError:
    text = " ".join(str(error).split())
    for secret in url.secrets:
        text = text.replace(secret, "***")
    what = f"raised {type(error).__name__}: {text}"
    source = f"{shown(file)}:{line_in(file, error)}"
    return ConfigError([Problem("env.py", what, source=source, hint=_hint(error))], RUN_AGAIN)


def _left_by_autocommit_block(error: Exception) -> bool:
    """Say whether Alembic met a transaction that is not its own; its message does not say so."""
    frames = traceback.extract_tb(error.__traceback__)
    return isinstance(error, AssertionError) and frames[-1].name == "autocommit_block"


def _hint(error: Exception) -> str:
    if _left_by_autocommit_block(error):
        return (
            "an autocommit block cannot run inside env.py's own transaction: "
            "use context.begin_transaction(), and nothing before context.configure()"
        )
    if isinstance(error, ImportError) and error.name:
        return _import_hint(error.name.partition(".")[0])
    if "asyncio extension requires an async driver" in str(error):
        return "name an asynchronous driver in DATABASE_URL, such as postgresql+asyncpg://"
    if isinstance(error, MissingGreenlet):
        return "env.py is synchronous: name a driver that is too, such as postgresql+psycopg2://"
    if _reads_no_ini(error):
        return "it reads its logging from an ini: set migrate.alembic_config to its alembic.ini"
    return ""


def _import_hint(package: str) -> str:
    """Return which package of this name was found, or what lets the project's own be found."""
    found = sys.modules.get(package)
    if package == "sst":
        return "this tool has that name: a project with a package sst of its own has to rename it"
    if found is None:
        return f"install {package}, or name the folder that holds it in prepend_sys_path"
    place = found.__file__ or next(iter(getattr(found, "__path__", ())), "")
    return (
        f"{package} is {shown(place)}: is another one meant, name its folder in prepend_sys_path"
    )


def _reads_no_ini(error: Exception) -> bool:
    """Say whether `fileConfig(config.config_file_name)` was called where there is no ini."""
    frames = traceback.extract_tb(error.__traceback__)
    is_read = any(each.name == "fileConfig" and "logging" in each.filename for each in frames)
    return is_read and ("NoneType" in str(error) or str(error).startswith("None "))
