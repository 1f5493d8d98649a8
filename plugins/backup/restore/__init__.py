"""A restore: rebuilt beside the live database, compared, swapped in by its name.

- `database_names.py`: the names of the databases that a restore makes and leaves
- `live_database.py`: the live database as its operator is shown it
- `preflight.py`: obstacles to the last step of a restore, found before its first one
- `recreate.py`: the restore of a lost database, created anew
- `restore.py`: the restore of a live database, and its undo
- `settings.py`: the settings of restores, and of every other rebuild
- `source.py`: a stored backup as the source of a restore
- `swap.py`: the swap of two databases' names, in one step of the server
- `template_copy.py`: the file-level copy of a database, for a restore in an instant
"""
