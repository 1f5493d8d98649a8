"""One run, from the lock to the record of its end.

- `aside.py`: a run that steps aside for a gate, and looks again afterwards
- `attempts.py`: the attempts of one revision
- `events.py`: events for `notify`, and a log line for every check
- `execution.py`: the order of a run, and its end whatever happens
- `failing/`: a failed run: its error, its value for plugins, its recovery
- `gates.py`: the gates of a run, and the backups that they made
- `notices.py`: the messages of the server to one revision, bounded
- `progress.py`: the task of a run, and how far it has come
- `step.py`: one step: lock checked, revision run, commit
- `step_rows.py`: the rows of the steps on record, each with the start of the next
- `traced.py`: the run, its revisions and their attempts as spans of a trace
"""
