"""The commands on a database: a run in rooms, and all that is asked before and after it.

- `check/`: the findings of `check`, and its verdict
- `commands/`: commands that run no revision
- `ledger/`: the record of runs
- `lint/`: what rules have against the statements of a plan
- `locked_work/`: a plugin's work under the run's lock
- `loss/`: the loss that a plan brings
- `rehearsal/`: what a plan does, seen on a copy without rows
- `repair/`: the damage of a half-applied run, and its repair
- `run/`: one run, from the lock to the record of its end
- `schema/`: the shape of a schema, and its fingerprint
- `session/`: connections, the run's lock, signals, heartbeat
- `standing/`: where a database stands: the run at work, the last one, the last backup
- `table_locks/`: locks on tables: attempts, blockers, failed builds
- `values/`: the values that commands take and return
- `migrator.py`: one method for each command
"""
