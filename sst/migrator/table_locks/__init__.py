"""Locks on tables: the schedule of attempts, the blockers, the remains of a failed build.

- `attempt_timeouts.py`: the timeouts of one attempt, set again before each
- `blocker_watch.py`: the look at blockers, and at index builds, while a revision runs
- `blockers.py`: the sessions whose locks a revision waits for
- `index_build.py`: how far the server is with an index
- `invalid_indexes.py`: INVALID indexes, reported when old, dropped when the run left them
- `schedule.py`: the schedule of attempts, as a value
"""
