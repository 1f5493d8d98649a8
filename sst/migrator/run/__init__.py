"""One run, from the lock to the record of its end.

- `aside.py`: a run that steps aside for a gate, and looks again afterwards
- `attempts.py`: the attempts of one revision
- `events.py`: events for `notify`, and a log line for every check
- `execution.py`: the order of a run, and its end whatever happens
- `failures.py`: a failure as an error, a record, a value and an event
- `gates.py`: the gates of a run, and the backups that they made
- `lock_timeout_error.py`: the error of a revision that did not get its locks
- `progress.py`: the task of a run, and how far it has come
- `recovery.py`: the restore after a failed run, or its command
- `replaced_database.py`: a database that was replaced under a run
- `step.py`: one step: lock checked, revision run, commit
"""
