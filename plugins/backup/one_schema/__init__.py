"""One schema as the subject of a backup, a tenant among others in its database.

- `live.py`: the live schema as its operator is shown it
- `outside.py`: the threads between the schema and the rest of its database
- `replaced.py`: the schemas that restores have replaced: names, mark, removal
- `restore.py`: the restore of one schema in one transaction, and its undo
- `script.py`: the script of an archive, run inside a transaction of our own
- `surroundings.py`: that rest without rows, around the schema that is proven
- `tenants.py`: the schemas of a database that have revisions of their own
"""
