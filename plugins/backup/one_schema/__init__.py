"""One schema as the subject of a backup, a tenant among others in its database.

- `no_restore.py`: the refusal of its restore, with the statements that do it by hand
- `outside.py`: the threads between the schema and the rest of its database
- `surroundings.py`: that rest without rows, around the schema that is proven
- `tenants.py`: the schemas of a database that have revisions of their own
"""
