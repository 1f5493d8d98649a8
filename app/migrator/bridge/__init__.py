"""The Alembic bridge: the one door to alembic; what leaves it are our own values and errors."""

from __future__ import annotations

from app.migrator.bridge.branches import Branch
from app.migrator.bridge.compare import LEDGER_SCHEMA
from app.migrator.bridge.footprint import Footprint, may_run_again
from app.migrator.bridge.indexes import (
    InvalidIndex,
    built_name,
    drop_concurrently,
    invalid_indexes,
    leaves_invalid,
)
from app.migrator.bridge.passage import Ears, Passage, Try
from app.migrator.bridge.project import AlembicProject
from app.migrator.bridge.transaction import EndedTransactionError
from app.migrator.bridge.values import EnvFacts, Step, StepSql

__all__ = [
    "LEDGER_SCHEMA",
    "AlembicProject",
    "Branch",
    "Ears",
    "EndedTransactionError",
    "EnvFacts",
    "Footprint",
    "InvalidIndex",
    "Passage",
    "Step",
    "StepSql",
    "Try",
    "built_name",
    "drop_concurrently",
    "invalid_indexes",
    "leaves_invalid",
    "may_run_again",
]
