"""The Alembic bridge: the one door to alembic; what leaves it are our own values and errors."""

from __future__ import annotations

from sst.bridge.env_py.passage import Attempt, Passage, RevisionObserver
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
from sst.bridge.statements.own_transaction import EndedTransactionError
from sst.bridge.values.steps import EnvFacts, Step, StepSql

__all__ = [
    "LEDGER_SCHEMA",
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
    "drop_concurrently",
    "invalid_indexes",
    "leaves_invalid",
    "may_run_again",
]
