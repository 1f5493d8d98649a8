"""The rows of a table as the server estimates them: a question that counts nothing."""

from __future__ import annotations

# -1 is a table that nobody has looked at. Its statistics count what was written since they began,
# which may be nothing of all that is there; a table without a page has no rows.
_OF_A_PART = (
    "case when c.reltuples >= 0 then c.reltuples"
    " when pg_stat_get_live_tuples(c.oid) > 0 then pg_stat_get_live_tuples(c.oid)"
    " when pg_relation_size(c.oid) = 0 then 0 end"
)
ESTIMATED_ROWS = (
    f"case when count({_OF_A_PART}) = count(*) then cast(sum({_OF_A_PART}) as bigint) end"
)
"""An aggregate over the parts `c` of a table, rows of `pg_class`; null where one is unknown."""
