"""Every error a user can meet: what happened, why, what to do next, and the exit code.

SstError                          1   a bug or a failed revision unless a subclass says otherwise
├── ConfigError                   2   settings, plugins or their files; all problems at once
├── UsageError                    2   the command's words are wrong
├── DependencyError               2   a package is missing or does not fit (sst/dependencies.py)
├── RevisionFailedError           1   a revision raised; says what is committed and what is not
│   ├── TransactionEndedError         ... because it ended its own transaction
│   └── ConnectionLostError           the connection died during the run
├── StoppedError                  1   something other than a revision ended a run that had begun
│   └── DatabaseReplacedError         a restore gave the database's name to another one
├── HeadsUnchangedError           1   env.py ran and the database did not move
├── StatementFailedError          1   a plugin's own statement failed (sst/hooks/contract/run.py)
├── FindingError                  3   `check` found something to do
│   ├── PendingError                  revisions are pending
│   ├── DriftError                    a check fails: the schema is not what the models say, ...
│   ├── RepairNeededError             `repair` found something, and it is not repaired
│   └── InterruptedStateError         an earlier run was killed
├── UnhealthyError                4   migrated, but a check after it failed
├── RefusedError                  5   nothing was touched
│   ├── VetoedError                   a pre_migrate gate said no, or broke
│   ├── EnvironmentMismatchError      the database belongs to another environment
│   ├── ConfirmationError             a dangerous command without the typed name
│   └── PooledConnectionError         a transaction pooler cannot hold the run's lock
├── HistoryError                  6   the database and the revision files disagree
│   ├── RevisionNotFoundError         no such revision
│   ├── AmbiguousRevisionError        a prefix or a step that fits several
│   ├── SeveralHeadsError             one head was wanted
│   ├── DatabaseAheadError            the database holds a revision that this code does not know
│   ├── UnknownRevisionError          ... and that no run on record has ever applied
│   ├── PluginMissingError            ... and that came with a plugin which is not here
│   ├── VersionTableBehindError       the version table has lost what is on record as applied
│   ├── RevisionIdTooLongError        the version table cannot hold the id of a revision
│   └── BrokenHistoryError            a revision file is missing or cannot be read
├── TemporaryError               75   try again
│   ├── DatabaseUnreachableError      no connection
│   │   └── DatabaseClosedError           the database itself is closed to connections
│   ├── LockBusyError                 another migration is running
│   ├── LockTimeoutError              a revision did not get its locks; nothing is committed
│   └── WaitTimeoutError              what `wait` waits for is not there in time
└── InterruptedRunError    130, 143   SIGINT or SIGTERM
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

RUN_AGAIN = "correct what is listed, then run the command again"


@dataclass(frozen=True, slots=True)
class Problem:
    """One thing that is wrong with the configuration; never holds the value of a secret."""

    subject: str
    """The setting, file or plugin."""
    what: str
    """The fault, in a few words."""
    source: str = ""
    """Where it is: `settings.toml:18 [production]`, `environment DEBUG`, `plugins/x.py:3`."""
    hint: str = ""
    """The next step: the nearest known name, or the line to add."""

    def __str__(self) -> str:
        """Return the problem as one line."""
        line = f"{self.subject}: {self.what}"
        if self.source:
            line += f" [{self.source}]"
        if self.hint:
            line += f" -> {self.hint}"
        return line


class SstError(Exception):
    """An expected failure in three lines: what, why, next step."""

    exit_code: int = 1
    code: str = "failed"

    def __init_subclass__(cls, *, code: str | None = None, exit_code: int | None = None) -> None:
        """Give the class its own word and exit code; what is left out is inherited."""
        super().__init_subclass__()
        cls.code = code or cls.code
        cls.exit_code = exit_code or cls.exit_code

    def __init__(self, *, what: str, why: str = "", next_step: str = "", code: str = "") -> None:
        super().__init__(what)
        self.what = what
        self.why = why
        self.next_step = next_step
        self.code = code or type(self).code

    def __str__(self) -> str:
        """Return the three lines as they are printed."""
        more = (("why: ", self.why), ("next:", self.next_step))
        return "\n".join([self.what, *(f"  {name} {text}" for name, text in more if text)])


class ConfigError(SstError, code="configuration_invalid", exit_code=2):
    """Settings, plugins or their files are wrong; nothing was touched."""

    def __init__(
        self,
        problems: Iterable[Problem],
        next_step: str = "correct what is listed, then run `python migrate.py config check`",
    ) -> None:
        self.problems: tuple[Problem, ...] = tuple(problems)
        count = len(self.problems)
        super().__init__(
            what=f"Configuration is invalid ({count} problem{'' if count == 1 else 's'}).",
            why="\n        ".join(str(problem) for problem in self.problems),
            next_step=next_step,
        )


class UsageError(SstError, code="usage", exit_code=2):
    """The command's words are wrong; nothing was touched."""


class RevisionFailedError(SstError, code="revision_failed"):
    """A revision raised; the message says what is committed and what is not."""

    event = "Revision {revision} failed."

    def __init__(
        self,
        revision: str,
        *,
        why: str,
        committed: Sequence[str],
        next_step: str,
        sqlstate: str | None = None,
        statement: str | None = None,
    ) -> None:
        kept = ", ".join(committed) if committed else "none"
        super().__init__(
            what=f"{self.event.format(revision=revision)} Committed in this run: {kept}.",
            why=why,
            next_step=next_step,
        )
        self.revision = revision
        self.committed = tuple(committed)
        self.sqlstate = sqlstate
        self.statement = statement


class TransactionEndedError(RevisionFailedError, code="transaction_ended"):
    """A revision committed, rolled back or closed the transaction that was begun for it."""

    event = "Revision {revision} ended its own transaction, and is not recorded as applied."


class ConnectionLostError(RevisionFailedError, code="connection_lost"):
    """The connection to the database died during the run."""

    event = "The connection was lost at revision {revision}."


class StoppedError(SstError, code="stopped"):
    """Something other than a revision ended a run that had committed something."""


class DatabaseReplacedError(StoppedError, code="database_replaced"):
    """A restore gave the database's name to another one during the run."""


class HeadsUnchangedError(SstError, code="heads_unchanged"):
    """env.py ran a revision and the database that we look at did not move."""


class FindingError(SstError, code="finding", exit_code=3):
    """`check` found something to do; nothing was touched."""


class PendingError(FindingError, code="pending"):
    """Revisions are pending."""


class DriftError(FindingError, code="check_failed"):
    """A check fails; *code* is the check's own word where it has one."""


class RepairNeededError(FindingError, code="repair_needed"):
    """`repair` found something that is not repaired."""


class InterruptedStateError(FindingError, code="interrupted_run"):
    """An earlier run was killed and said nothing."""


class UnhealthyError(SstError, code="unhealthy", exit_code=4):
    """Migrated, but a check after it failed."""


class RefusedError(SstError, code="refused", exit_code=5):
    """The run was refused; nothing was touched."""


class VetoedError(RefusedError, code="vetoed"):
    """A gate refused the run, or broke, before a revision; *code* is the plugin's own word."""


class EnvironmentMismatchError(RefusedError, code="environment_mismatch"):
    """The database belongs to another environment."""


class ConfirmationError(RefusedError, code="confirmation_required"):
    """A dangerous command without the database's name."""


class PooledConnectionError(RefusedError, code="pooled_connection"):
    """A transaction pooler cannot hold the run's lock."""


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


class TemporaryError(SstError, code="temporary", exit_code=75):
    """Nothing is wrong with the request: try again."""


class DatabaseUnreachableError(TemporaryError, code="database_unreachable"):
    """No connection to the database."""


class DatabaseClosedError(DatabaseUnreachableError, code="database_closed"):
    """The server answers, but this database is closed to connections."""

    dead_swap: tuple[str, ...] = ()
    """The databases that `repair` opens again; empty when it is none of its business."""


class WaitTimeoutError(TemporaryError, code="wait_timeout"):
    """`wait` timed out."""


class LockBusyError(TemporaryError, code="lock_busy"):
    """Another migration holds the lock."""


class LockTimeoutError(TemporaryError, code="lock_timeout"):
    """A revision did not get its locks in all its attempts; nothing of the run is committed."""

    revision: str = ""
    sqlstate: str | None = None
    statement: str | None = None


class InterruptedRunError(SstError, code="interrupted"):
    """SIGINT or SIGTERM ended the run; the message says what is committed."""

    def __init__(self, signal_number: int, *, why: str, next_step: str) -> None:
        name = {2: "SIGINT", 15: "SIGTERM"}.get(signal_number, str(signal_number))
        super().__init__(what=f"Interrupted by {name}.", why=why, next_step=next_step)
        self.signal_number = signal_number
        self.exit_code = 128 + signal_number
