"""The archive of a backup: written, packed, read, rebuilt and compared.

- `contents.py`: the tables of a database, their rows, its large objects and heads, counted
- `files.py`: the files of an archive: name, size, sha256, and whether they can be decoded
- `packing.py`: gzip outside pg_dump, on every core
- `pg_dump.py`: pg_dump and pg_restore: the format, the call, the refusal with its remedy
- `pg_restore.py`: one pg_restore into a database, with the errors that mean nothing
- `prepared_rebuild.py`: a rebuild in a template's copy, or with a search path for functions
- `rebuild.py`: an archive restored into a new database, and compared with the manifest
- `rebuild_advice.py`: remedies for the causes of failed rebuilds
- `source.py`: the database that is to be dumped, as the run's own inspection sees it
"""
