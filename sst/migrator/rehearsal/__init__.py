"""A plan's rehearsal: what is pending runs on a copy without rows, each statement observed.

- `beyond.py`: the reach of a statement beyond the copy, at which a rehearsal ends
- `catalogue.py`: the relations of the copy, and the locks, files and scans of a transaction
- `concurrent.py`: the locks of a statement that runs in no transaction block
- `copy.py`: the copy: where it is made, with the revision that the database is at
- `observer.py`: the statements of the revisions, each with what it did
- `own_connections.py`: connections that a revision opens itself, which lead to the copy alone
- `rehearse.py`: the rehearsal of one plan, from the copy to the sizes
- `rehearsal.py`: the values that come out of it
- `sizes.py`: rows and bytes of the real tables
"""
