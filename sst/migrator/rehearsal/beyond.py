"""The reach of a statement beyond the copy: to what all databases of the server share.

A role, a database, a file of the server or somebody's session is no part of the copy: on the
database's own server a rehearsal would change the real one. It ends before that.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from sst.hooks.contract.error_location import causes_of

if TYPE_CHECKING:
    from sqlalchemy.engine import Connection

# What no transaction takes back. Whatever else is shared shows in the transaction itself.
_AT_ONCE = re.compile(
    r"\b(?:"
    r"(?:create|drop|alter)\s+(?:database|tablespace|subscription)"
    r"|alter\s+system"
    r"|copy\b[^;]*\bto\s+(?:program\b|e?')"
    r"|copy\b[^;]*\bfrom\s+program\b"
    r"|(?:pg_terminate_backend|pg_cancel_backend|pg_reload_conf|pg_rotate_logfile|pg_switch_wal"
    r"|pg_promote|pg_create_restore_point|pg_\w*replication_slot|pg_\w*replication_origin\w*"
    r"|pg_wal_replay_\w+|pg_file_\w+|lo_export|dblink\w*)\s*\("
    r")",
    re.IGNORECASE,
)
# In a block that commits by itself nothing is to be seen afterwards.
_IN_A_BLOCK = re.compile(
    r"\b(?:(?:create|drop|alter)\s+(?:role|user|group)|reassign\s+owned|drop\s+owned"
    r"|(?:grant|revoke)\b[^;]*\bon\s+(?:database|tablespace|parameter))\b",
    re.IGNORECASE,
)
# Every ordinary object writes to pg_shdepend, for its owner. GRANT ON DATABASE lets its lock go
# at once: there a row tells, by the number of this transaction or of one inside it, which comes
# after it. Numbers go round at 2^32; `age` counts from another one where a query of the same
# transaction has asked it before the transaction had a number.
_SHARED = """
with own as (
    select cast(cast(pg_current_xact_id_if_assigned() as text) as bigint) as number
), written as (
    select 'pg_database' as catalogue, cast(cast(xmin as text) as bigint) as number
    from pg_database where datname <> current_database()
    union all
    select 'pg_tablespace', cast(cast(xmin as text) as bigint) from pg_tablespace
), since as (
    select catalogue, own.number, (written.number - own.number) & 4294967295 as later
    from written, own
), found as (
    select catalogue from since where case when later < 1000000 then
        pg_xact_status(cast(cast(number + later as text) as xid8)) = 'in progress' end
    union all
    select c.relname from pg_locks l join pg_class c on c.oid = l.relation
    where l.pid = pg_backend_pid() and l.locktype = 'relation' and l.database = 0
        and l.mode not in ('AccessShareLock', 'RowShareLock')
        and c.relkind = 'r' and c.relname <> 'pg_shdepend'
)
select string_agg(distinct catalogue, ', ') from found
"""


class BeyondCopyError(BaseException):
    """A statement of a revision reaches beyond the copy; says how. No revision swallows it."""

    def __init__(self, what: str, line: int | None = None) -> None:
        super().__init__(what)
        self.line = line


def beyond_copy(error: BaseException) -> BeyondCopyError | None:
    """Return what *error* was raised over: the end of an autocommit block fails on the way out."""
    found = (cause for cause in causes_of(error) if isinstance(cause, BeyondCopyError))
    return next(found, None)


def refuse_at_once(statement: str, line: int | None, *, is_unseen: bool) -> None:
    """Raise `BeyondCopyError` where *statement* could not be taken back once it is sent.

    *is_unseen* says that it may commit by itself.
    """
    found = _AT_ONCE.search(statement) or (is_unseen and _IN_A_BLOCK.search(statement))
    if found:
        words = " ".join(found[0].split()).rstrip("(' ")
        raise BeyondCopyError(f"has `{words}`, which is done outside the copy", line)


def refuse_shared(connection: Connection, line: int | None) -> None:
    """Raise `BeyondCopyError` where the transaction has changed a catalogue of the server."""
    catalogues = connection.exec_driver_sql(_SHARED).scalar_one()
    if catalogues:
        raise BeyondCopyError(f"changes what all databases share ({catalogues})", line)
