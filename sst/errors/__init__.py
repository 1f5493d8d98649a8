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
├── TargetsFailedError            1   the command failed on some of many databases
├── StatementFailedError          1   a plugin's own statement failed (sst/hooks/contract/run.py)
├── FindingError                  3   `check` found something to do
│   ├── PendingError                  revisions are pending
│   ├── DriftError                    a check fails: the schema is not what the models say, ...
│   ├── LintError                     `lint` found errors that no revision accepts
│   ├── RepairNeededError             `repair` found something, and it is not repaired
│   └── InterruptedStateError         an earlier run was killed
├── UnhealthyError                4   migrated, but a check after it failed
├── RefusedError                  5   nothing was touched
│   ├── VetoedError                   a pre_migrate gate said no, or broke
│   ├── EnvironmentMismatchError      the database belongs to another environment
│   ├── PlanChangedError              the plan is not the one that --plan names
│   ├── LintRefusedError              rules or rows stand against the plan
│   ├── ConfirmationError             a dangerous command without the typed name
│   ├── PooledConnectionError         a transaction pooler cannot hold the run's lock
│   └── RolloutStoppedError           too many of many databases failed; the rest was not begun
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
│   ├── OtherReleaseError             a worker has other revision files than the call
│   └── WaitTimeoutError              what `wait` waits for is not there in time
└── InterruptedRunError    130, 143   SIGINT or SIGTERM

- `base.py`: a user's error in three lines, and wrong configuration or words
- `runs.py`: the errors of a run that has begun
- `findings.py`: what `check`, `lint` and `repair` found, exit 3
- `refusals.py`: refusals, exit 5: nothing was touched
- `histories.py`: the database and the revision files disagree, exit 6
- `rollouts.py`: the errors of a command on many databases
- `temporary.py`: errors that pass, exit 75: try again
"""

from sst.errors.base import NO_FAULT, RUN_AGAIN, ConfigError, Fault, Problem, SstError, UsageError
from sst.errors.findings import (
    DriftError,
    FindingError,
    InterruptedStateError,
    LintError,
    PendingError,
    RepairNeededError,
)
from sst.errors.histories import (
    AmbiguousRevisionError,
    BrokenHistoryError,
    DatabaseAheadError,
    HistoryError,
    PluginMissingError,
    RevisionIdTooLongError,
    RevisionNotFoundError,
    SeveralHeadsError,
    UnknownRevisionError,
    VersionTableBehindError,
)
from sst.errors.refusals import (
    ConfirmationError,
    EnvironmentMismatchError,
    LintRefusedError,
    PlanChangedError,
    PooledConnectionError,
    RefusedError,
    VetoedError,
)
from sst.errors.rollouts import OtherReleaseError, RolloutStoppedError, TargetsFailedError
from sst.errors.runs import (
    ConnectionLostError,
    DatabaseReplacedError,
    HeadsUnchangedError,
    InterruptedRunError,
    RevisionFailedError,
    StoppedError,
    TransactionEndedError,
    UnhealthyError,
)
from sst.errors.temporary import (
    DatabaseClosedError,
    DatabaseUnreachableError,
    LockBusyError,
    LockTimeoutError,
    TemporaryError,
    WaitTimeoutError,
)

__all__ = [
    "NO_FAULT",
    "RUN_AGAIN",
    "AmbiguousRevisionError",
    "BrokenHistoryError",
    "ConfigError",
    "ConfirmationError",
    "ConnectionLostError",
    "DatabaseAheadError",
    "DatabaseClosedError",
    "DatabaseReplacedError",
    "DatabaseUnreachableError",
    "DriftError",
    "EnvironmentMismatchError",
    "Fault",
    "FindingError",
    "HeadsUnchangedError",
    "HistoryError",
    "InterruptedRunError",
    "InterruptedStateError",
    "LintError",
    "LintRefusedError",
    "LockBusyError",
    "LockTimeoutError",
    "OtherReleaseError",
    "PendingError",
    "PlanChangedError",
    "PluginMissingError",
    "PooledConnectionError",
    "Problem",
    "RefusedError",
    "RepairNeededError",
    "RevisionFailedError",
    "RevisionIdTooLongError",
    "RevisionNotFoundError",
    "RolloutStoppedError",
    "SeveralHeadsError",
    "SstError",
    "StoppedError",
    "TargetsFailedError",
    "TemporaryError",
    "TransactionEndedError",
    "UnhealthyError",
    "UnknownRevisionError",
    "UsageError",
    "VersionTableBehindError",
    "VetoedError",
    "WaitTimeoutError",
]
