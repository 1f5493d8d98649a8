"""Connections, the lock on them, and the watch over them: signals, heartbeat, guards.

- `connections.py`: connections, opened with a clear error
- `driver_errors.py`: driver errors outside a revision, translated
- `gate_watch.py`: the gate that a run waits for, in the log and on record
- `guard.py`: the guard against a slip of the hand on a live database
- `heartbeat.py`: the end of a run whose server says nothing
- `inspection.py`: a read-only look at the database
- `locked_session.py`: the run's lock, held for a body, with its guards and its watch
- `own_statements.py`: statements of plugins, each on a connection of its own
- `run_lock.py`: the run's advisory locks, polled
- `session.py`: the connections of a run
- `signals.py`: SIGINT and SIGTERM during a run
"""
