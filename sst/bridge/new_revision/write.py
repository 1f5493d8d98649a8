"""Writes a new revision file, empty or from the differences between models and schema."""

from __future__ import annotations

from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from alembic.autogenerate import RevisionContext
from alembic.script.revision import MultipleHeads, ResolutionError
from alembic.util import CommandError

from sst.bridge.history.plan import several_heads
from sst.bridge.history.targets import unknown
from sst.bridge.location.paths import shown
from sst.bridge.models.compare import as_sequence
from sst.bridge.models.computed_columns import without_warning_of_computed
from sst.bridge.models.differences import dropped
from sst.bridge.models.ignored_tables import leaving_out
from sst.bridge.models.uncompared import uncompared, write_uncompared
from sst.bridge.new_revision.column_types import render_types
from sst.bridge.new_revision.in_words import flat, in_words, renames
from sst.bridge.new_revision.named_types import bring_types
from sst.bridge.new_revision.placement import Placement, keep_own, of_place, placement_of
from sst.bridge.new_revision.written import WrittenRevision
from sst.bridge.values.process_state import kept_within
from sst.errors import ConfigError, HistoryError, Problem, UsageError

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from alembic.operations.ops import MigrateOperation
    from alembic.runtime.migration import MigrationContext
    from sqlalchemy.engine import Connection

    from sst.bridge.env_py.runner import EnvironmentRunner
    from sst.bridge.history.history import History
    from sst.bridge.location.location import Location
    from sst.bridge.models.uncompared import Uncompared
    from sst.db.url import DatabaseUrl


class RevisionWriter:
    """Writes revision files into one project."""

    def __init__(
        self,
        location: Location,
        history: History,
        runner: EnvironmentRunner,
        ignored: Sequence[str] = (),
    ) -> None:
        self._location = location
        self._history = history
        self._runner = runner
        self._ignored = ignored

    def write(
        self,
        message: str,
        *,
        autogenerate: bool,
        connection: Connection | None,
        url: DatabaseUrl,
        head: str | None = None,
    ) -> WrittenRevision:
        """Write a revision on top of *head*, by default the project's own, and return its file.

        `label@head` of a plugin's branch writes into the plugin's folder; the first one there is
        the base of the branch. With *autogenerate* only that branch's tables are compared, and
        nothing is written where they agree, unless the revision merges heads; nor when env.py's
        `process_revision_directives` leaves nothing to write.

        Raises `UsageError` for a message that cannot stand in a docstring, `SeveralHeadsError`
        when *head* means several, `HistoryError` when models are to be compared with a database
        that is behind, `ConfigError` without a template or where nothing can be written.
        """
        _require_message(message)
        self._require_template()
        # Alembic's "Generating ... done": the path is the command's own result.
        self._history.script.messaging_opts = {"quiet": True}
        by_hand: list[Uncompared] = []
        with _translated(head or "head", self._history):
            place = placement_of(head, self._history)
            revision = self._revision(message, place, autogenerate=autogenerate)
            if autogenerate or self._wants_environment():
                by_hand = self._fill(revision, connection, url, place if autogenerate else None)
            is_merge = len(place.heads) > 1 or (place.heads == ("heads",) and self._has_several)
            if autogenerate and not is_merge and _is_nothing(revision, by_hand):
                return WrittenRevision(None, is_agreed=True)
            with kept_within():
                scripts = [script for script in revision.generate_scripts() if script]
        self._history.forget_order()
        path = Path(scripts[0].path) if scripts else None
        if not autogenerate:
            return WrittenRevision(path)
        operations = list(_operations(revision))
        warnings = (*_worth_reading(operations, by_hand), *renames(operations))
        return WrittenRevision(path, tuple(in_words(operations)), warnings)

    def _revision(self, message: str, place: Placement, *, autogenerate: bool) -> RevisionContext:
        wanted: dict[str, Any] = {
            "message": message,
            "autogenerate": autogenerate,
            "sql": False,
            "head": list(place.heads) if len(place.heads) > 1 else place.heads[0],
            "splice": False,
            "branch_label": place.new_label,
            "version_path": place.folder,
            "rev_id": None,
            "depends_on": None,
        }
        return RevisionContext(self._location.config(), self._history.script, wanted)

    @property
    def _has_several(self) -> bool:
        return len(self._history.heads) > 1

    def _wants_environment(self) -> bool:
        option = dict(self._location.options).get("revision_environment")
        return (option or self._ini_option("revision_environment")) == "true"

    def _ini_option(self, name: str) -> str | None:
        return self._location.config().get_main_option(name)

    def _fill(
        self,
        revision: RevisionContext,
        connection: Connection | None,
        url: DatabaseUrl,
        compared: Placement | None,
    ) -> list[Uncompared]:
        """Let env.py have its say; the models of *compared* are compared, if there is one.

        Return the differences that no operation can be written for.
        """
        by_hand: list[Uncompared] = []

        def compare(heads: tuple[str, ...], context: MigrationContext) -> list[Any]:
            if compared:
                self._require_newest(heads)
                models = as_sequence(context.opts["target_metadata"] or ())
                context.opts.update(leaving_out(context, models, self._ignored))
                found = of_place(uncompared(context, models), compared, models)
                by_hand.extend(each for each in found if each.operation is None)
                write_uncompared(context, found)
                render_types(context)
                with without_warning_of_computed():
                    revision.run_autogenerate(heads, context)
                keep_own(revision.generated_revisions, compared, models)
                for script in revision.generated_revisions:
                    bring_types(script, context.connection)
            else:
                revision.run_no_autogenerate(heads, context)
            return []

        self._runner.run(
            compare,
            url=url,
            connection=connection,
            dont_mutate=True,
            template_args=revision.template_args,
            revision_context=revision,
        )
        return by_hand

    def _require_newest(self, heads: tuple[str, ...]) -> None:
        if tuple(sorted(heads)) != self._history.database_heads:
            raise HistoryError(
                what="The database is not at the newest revision.",
                why="what is still pending would be taken for a difference",
                next_step="python migrate.py upgrade, then write the revision",
            )

    def _require_template(self) -> None:
        template = Path(self._history.script.dir, "script.py.mako")
        if not template.is_file():
            what = f"{shown(template)} does not exist"
            hint = "copy it from another project, or from `alembic init`"
            raise ConfigError([Problem("script.py.mako", what, hint=hint)])


def _operations(revision: RevisionContext) -> Iterator[MigrateOperation]:
    """Yield what *revision* would do in an upgrade."""
    for script in revision.generated_revisions:
        for part in script.upgrade_ops_list:
            yield from part.ops


def _is_nothing(revision: RevisionContext, by_hand: list[Uncompared]) -> bool:
    """Return whether the file would be empty; where env.py wants none, that is its decision."""
    is_wanted = bool(revision.generated_revisions)
    return is_wanted and not by_hand and not any(flat(_operations(revision)))


def _worth_reading(
    operations: Iterable[MigrateOperation], by_hand: list[Uncompared]
) -> Iterator[str]:
    """Yield what the author should know of *operations* before they are run."""
    for each in by_hand:
        yield f"to be written by hand: {each.line}"
    for what in dropped(operations):
        hint = "; if it is not yours, name it in migrate.ignore_tables"
        yield f"the revision drops {what}{hint if what.startswith('table ') else ''}"


@contextmanager
def _translated(head: str, history: History) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        where = shown(Path(error.filename)) if error.filename else "the folder of revisions"
        problem = Problem("revision", f"{where} cannot be written: {error.strerror}")
        raise ConfigError([problem]) from error
    except CommandError as error:
        if isinstance(error.__cause__, MultipleHeads):
            raise several_heads(error.__cause__.heads, head) from error
        if isinstance(error.__cause__, ResolutionError):
            raise unknown(str(error.__cause__.argument), history) from error
        raise HistoryError(
            what="The revision could not be written.",
            why=str(error),
            next_step="correct what is named, then write it again",
        ) from error


def _require_message(message: str) -> None:
    if not message.strip():
        raise _bad_message("a revision is named by its purpose")
    if '"""' in message or "\\" in message or not message.isprintable():
        raise _bad_message('it becomes a docstring: no backslash, line break or """')


def _bad_message(why: str) -> UsageError:
    return UsageError(
        what="The revision's message is missing or cannot be used.",
        why=why,
        next_step='python migrate.py revision -m "add incident severity"',
    )
