"""A revision's statements: transaction, timeouts, concurrent indexes, notices.

- `committed.py`: the statements that a revision has committed so far
- `concurrent_index.py`: concurrent builds and the INVALID indexes that they leave
- `listeners.py`: who hears of the statements of a connection
- `notices.py`: the server's notices and warnings
- `own_transaction.py`: the proof that a revision stayed in its transaction
- `session_role.py`: the role of a session, put back after a plugin
- `session_timeouts.py`: timeouts that stay in force, whatever the revision sets
- `traced.py`: the statements as spans of a trace
"""
