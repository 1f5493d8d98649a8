"""A run that fails: its error, its value for plugins, its recovery.

- `describe.py`: a failure as a value for plugins, a word of the record, an event
- `fault.py`: the place where a revision failed, and its statement
- `lock_timeout_error.py`: the error of a revision that did not get its locks
- `made_before.py`: a database that was made by other means
- `recovery.py`: the restore after a failed run, or its command
- `replaced_database.py`: a database that was replaced under a run
- `revision_failed.py`: the error of a revision that raised
- `texts.py`: texts of a run's end
- `translate.py`: the raised exception as an error
"""
