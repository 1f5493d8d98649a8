"""A revision that this code has no file for: who knows it, and who does not."""

from __future__ import annotations

import shlex
from typing import TYPE_CHECKING

from sst.errors import DatabaseAheadError, PluginMissingError, UnknownRevisionError
from sst.text import listed

if TYPE_CHECKING:
    from collections.abc import Sequence

    from sst.errors import HistoryError
    from sst.migrator.ledger.plugin_origin import BroughtBy, Origin
    from sst.migrator.ledger.writer import Ledger
    from sst.migrator.values.context import Context, Version


def explained(
    error: HistoryError,
    context: Context,
    ledger: Ledger,
    current: Sequence[str],
    wanted: Sequence[str] = (),
) -> HistoryError:
    """Return *error*, or who brought a revision of *current* for which there is no file.

    A revision that no run on record has applied is another error: somebody else wrote it.
    So is one that came with a plugin: its file comes back with the plugin.
    *wanted* are the heads that the version table should hold, as far as that is known.
    """
    unknown = [revision for revision in current if not context.project.knows(revision)]
    if not unknown:
        return error
    enabled = [entry.name for entry in context.plugins.entries]
    for revision in unknown:
        origin = ledger.origin_of(revision)
        if origin:
            return _of_plugin(revision, origin, is_enabled=origin.plugin in enabled)
    brought_by = ledger.who_brought(unknown[0])
    if brought_by is None:
        return nobodys_revision(unknown, wanted)
    return _ahead(unknown, brought_by, context.version)


def _of_plugin(revision: str, origin: Origin, *, is_enabled: bool) -> PluginMissingError:
    name, branch = origin.plugin, origin.branch or "BRANCH"
    if is_enabled:
        return PluginMissingError(
            what=f"The database is ahead of the plugin {name!r}.",
            why=f"it holds its revision {revision}, and the version that is installed does not",
            next_step=f"install the version of {name} that brings {revision}, or a newer one",
        )
    return PluginMissingError(
        what=f"The database holds the tables of the plugin {name!r}, which is not enabled.",
        why=f"its revision {revision} is applied, and the file of it comes with the plugin",
        next_step=f'add "{name}" to plugins.enabled; to be rid of it, run '
        f"`python migrate.py downgrade {branch}@base` with it enabled, then take it out",
    )


def nobodys_revision(unknown: Sequence[str], wanted: Sequence[str]) -> UnknownRevisionError:
    """Return the error for revisions that neither files nor runs know.

    *wanted* are the heads that the version table should hold, as far as that is known.
    """
    plural = "" if len(unknown) == 1 else "s"
    stamp = f"python migrate.py stamp --purge {shlex.join(wanted) or 'REVISION'}"
    error = UnknownRevisionError(
        what=f"The database is at revision{plural} {listed(unknown)}, "
        "which is in no revision file and in no recorded run.",
        why="only the version table names it",
        next_step="check that DATABASE_URL names the right database; if it does, bring the file "
        f"of that revision here, or write where the database really is: `{stamp}`",
    )
    error.revisions = tuple(unknown)
    return error


def _ahead(unknown: Sequence[str], brought_by: BroughtBy, running: Version) -> DatabaseAheadError:
    is_same = (brought_by.app_version, brought_by.git_commit) == (running.app, running.git_commit)
    error = DatabaseAheadError(
        what="The database is ahead of this code.",
        why=f"it holds {listed(unknown)}, and no revision file here has that id; "
        f"{brought_by} brought it there",
        next_step=f"bring its revision files back: {brought_by.code}, which applied it, runs here"
        if is_same
        else f"run the code of {brought_by.code} or newer, or bring its revision files here",
    )
    error.revisions = tuple(unknown)
    return error
