"""The database and the revision files disagree, exit 6."""

from __future__ import annotations

from sst.errors.base import SstError


class HistoryError(SstError, code="history_conflict", exit_code=6):
    """The database and the revision files disagree; nothing was touched."""


class RevisionNotFoundError(HistoryError, code="revision_not_found"):
    """No revision has this id, prefix, label or distance."""


class AmbiguousRevisionError(HistoryError, code="revision_ambiguous"):
    """A prefix or a relative step fits several revisions."""


class SeveralHeadsError(HistoryError, code="several_heads"):
    """One head was wanted and there are several."""


class DatabaseAheadError(HistoryError, code="database_ahead"):
    """The database holds a revision that this code does not know."""


class UnknownRevisionError(HistoryError, code="unknown_revision"):
    """The database holds a revision that neither this code nor any run on record knows."""


class PluginMissingError(HistoryError, code="plugin_missing"):
    """The database holds a revision of a plugin that is not enabled, or of a newer version."""


class VersionTableBehindError(HistoryError, code="version_table_behind"):
    """The version table has lost revisions that are on record as applied."""


class RevisionIdTooLongError(HistoryError, code="revision_id_too_long"):
    """The version table cannot hold the id of a revision that is to be written into it."""


class BrokenHistoryError(HistoryError, code="history_broken"):
    """A revision file is missing or cannot be read."""
