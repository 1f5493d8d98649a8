"""The project's own history, driven through Alembic's API without our runner."""

from __future__ import annotations

import io
from pathlib import Path
from typing import TYPE_CHECKING, Any

from alembic import command
from alembic.config import Config
from alembic.runtime.environment import EnvironmentContext
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable
    from typing import TypeVar

    import sqlalchemy as sa
    from alembic.script import Script

    T = TypeVar("T")

ROOT = Path(__file__).parents[2]
VERSIONS = ROOT / "alembic" / "versions"


def config(**attributes: Any) -> Config:
    """Return Alembic's configuration with *attributes* as the hand-over to env.py."""
    made = Config()
    made.set_main_option("script_location", str(ROOT / "alembic"))
    made.attributes.update(attributes)
    return made


def scripts() -> tuple[Script, ...]:
    """Return the revisions, oldest first."""
    return tuple(reversed(list(ScriptDirectory.from_config(config()).walk_revisions())))


def revision_before(purpose: str) -> str:
    """Return the id of the revision under the one whose file name ends in *purpose*."""
    return str(_script(purpose).down_revision)


def revision_of(purpose: str) -> str:
    """Return the id of the revision whose file name ends in *purpose*."""
    return _script(purpose).revision


def offline_sql(direction: Callable[..., None], revisions: str) -> str:
    """Return what `--sql` prints for `command.upgrade` or `command.downgrade`."""
    made = config()
    made.output_buffer = io.StringIO()
    direction(made, revisions, sql=True)
    return made.output_buffer.getvalue()


class Chain:
    """One database and the project's revisions on it."""

    def __init__(self, engine: sa.Engine) -> None:
        self.engine = engine

    def upgrade(self, target: str = "head") -> None:
        """Move forward to *target* on a connection that is handed over."""
        with self.engine.connect() as connection:
            command.upgrade(config(connection=connection), target)

    def downgrade(self, target: str) -> None:
        """Move back to *target* on a connection that is handed over."""
        with self.engine.connect() as connection:
            command.downgrade(config(connection=connection), target)

    def heads(self) -> tuple[str, ...]:
        """Return what the version table says, read on another connection."""
        with self.engine.connect() as connection:
            return MigrationContext.configure(connection).get_current_heads()

    def execute(self, *statements: str) -> None:
        """Run *statements* in one transaction."""
        with self._plain().begin() as connection:
            for statement in statements:
                connection.exec_driver_sql(statement)

    def execute_in_autocommit(self, *statements: str) -> None:
        """Run each of *statements* by itself, as CONCURRENTLY wants it and as psql does."""
        with self._plain().connect() as connection:
            connection.execution_options(isolation_level="AUTOCOMMIT")
            for statement in statements:
                connection.exec_driver_sql(statement)

    def fetch(self, query: str) -> list[tuple[Any, ...]]:
        """Return the rows of *query*."""
        with self._plain().connect() as connection:
            return [tuple(row) for row in connection.exec_driver_sql(query)]

    def value(self, query: str) -> object:
        """Return the only value of *query*."""
        return self.fetch(query)[0][0]

    def through_env(self, read: Callable[[MigrationContext], T]) -> T:
        """Return what *read* makes of the context that env.py configured; nothing is migrated."""
        answers: list[T] = []

        def run_no_revision(_heads: object, context: MigrationContext) -> Iterable[Any]:
            answers.append(read(context))
            return ()

        with self.engine.connect() as connection:
            made = config(connection=connection)
            script = ScriptDirectory.from_config(made)
            with EnvironmentContext(made, script, fn=run_no_revision, dont_mutate=True):
                script.run_env()
        return answers[0]

    def _plain(self) -> sa.Engine:
        # Without parameters the driver leaves a per cent sign alone.
        return self.engine.execution_options(no_parameters=True)


def _script(purpose: str) -> Script:
    (found,) = (script for script in scripts() if Path(script.path).stem.endswith(purpose))
    return found
