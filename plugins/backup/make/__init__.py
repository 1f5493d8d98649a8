"""Making one backup: a moment of the database held open, dumped, counted, proven.

- `make_backup.py`: one backup from beginning to end: made, stored, the old ones pruned
- `maker.py`: one archive and its manifest: snapshot, dump, counts, proof
- `mvcc_snapshot.py`: tables locked and a snapshot exported, for pg_dump and the counts
- `obstacle.py`: one obstacle, as a value
- `obstacles.py`: obstacles to a rebuild by this role, found in the catalogue
- `settings.py`: the settings of making a backup and proving it
- `shape.py`: the form of an archive, chosen: one file or a folder, and who packs it
- `unqualified_functions.py`: functions that a rebuild calls and that need a search path
"""
