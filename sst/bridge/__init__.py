"""The Alembic bridge: the one door to alembic; our own values and errors leave it.

- `env_py/`: a run of the project's own env.py
- `history/`: the revision files, and the plan that follows from them
- `location/`: the place of the project and of its plugins' branches
- `models/`: the models compared with the schema
- `new_revision/`: a new revision file
- `statements/`: a revision's transaction, timeouts and concurrent indexes
- `values/`: the values that leave the bridge
- `project.py`: one Alembic project, seen from outside
"""

from __future__ import annotations

from sst.bridge.env_py.passage import Attempt, Passage, RevisionObserver
from sst.bridge.env_py.sql_preview import silent_log
from sst.bridge.location.branches import Branch
from sst.bridge.models.compare import LEDGER_SCHEMA
from sst.bridge.project import AlembicProject
from sst.bridge.statements.committed import Footprint, may_run_again
from sst.bridge.statements.concurrent_index import (
    InvalidIndex,
    built_name,
    drop_concurrently,
    invalid_indexes,
    leaves_invalid,
)
from sst.bridge.statements.notices import WARNING
from sst.bridge.statements.own_transaction import EndedTransactionError, line_of_caller
from sst.bridge.values.checksum import checksum_of, checksum_of_code
from sst.bridge.values.steps import EnvFacts, Step, StepSql
from sst.bridge.values.x_arguments import by_key

__all__ = [
    "LEDGER_SCHEMA",
    "WARNING",
    "AlembicProject",
    "Attempt",
    "Branch",
    "EndedTransactionError",
    "EnvFacts",
    "Footprint",
    "InvalidIndex",
    "Passage",
    "RevisionObserver",
    "Step",
    "StepSql",
    "built_name",
    "by_key",
    "checksum_of",
    "checksum_of_code",
    "drop_concurrently",
    "invalid_indexes",
    "leaves_invalid",
    "line_of_caller",
    "may_run_again",
    "silent_log",
]
