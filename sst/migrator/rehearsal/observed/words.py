"""What the text of a statement tells, before the server has seen it."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from sst.db.sql_tokens import one_line

if TYPE_CHECKING:
    from sqlalchemy.engine import Connection
    from sqlalchemy.engine.interfaces import ExecutionContext

# One alone: what follows it in the same text is looked at.
_NO_ACTION = re.compile(
    r"\s*(set|reset|show|begin|start\s+transaction|commit|end|savepoint|release|rollback|abort)\b"
    r"[^;]*;?\s*$",
    re.IGNORECASE,
)
_TO_SAVEPOINT = re.compile(r"\s*rollback\s[^;]*\bto\b[^;]*;?\s*$", re.IGNORECASE)
_READS = re.compile(r"\s*(select|show|with|explain|values|table)\b", re.IGNORECASE)


def has_no_action(statement: str) -> bool:
    """Say whether *statement* is one of a session or a transaction, which no plan shows."""
    return _NO_ACTION.match(statement) is not None


def leads_to_savepoint(statement: str) -> bool:
    """Say whether *statement* rolls back to a savepoint, and does nothing else."""
    return _TO_SAVEPOINT.match(statement) is not None


def only_reads(statement: str) -> bool:
    """Say whether *statement* begins as a query; what it calls may write."""
    return _READS.match(statement) is not None


def as_written(connection: Connection, statement: str, context: ExecutionContext) -> str:
    """Return *statement* in one line, without what the driver wants doubled."""
    is_doubled = connection.dialect.paramstyle in {"format", "pyformat"}
    if is_doubled and getattr(context, "compiled", None) is not None:
        statement = statement.replace("%%", "%")
    return one_line(statement)
