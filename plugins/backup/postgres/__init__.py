"""The database and its server around a backup: sessions, client programs, properties, threads.

- `client_environment.py`: the environment of a client program, with the password
- `client_programs.py`: a pg_dump, with its pg_restore, that is new enough for the server
- `create_database.py`: CREATE DATABASE for a rebuild: encoding, locale, the roles it names
- `database_growth.py`: how far a database is that is being filled
- `database_session.py`: a connection to a database, and one question with a deadline
- `maintenance_session.py`: a connection beside the databases: rename, drop, lock
- `marks.py`: the mark of our databases: none without it is dropped or swapped in
- `name_properties.py`: the database's own owner, grants, settings and comment, read and given
- `name_properties_in_manifest.py`: these properties in a backup, for a lost database
- `process.py`: a client program with a deadline, and a deadline shared by several
- `task.py`: work in a thread that is cancelled, or stops at its next step
"""
