"""Databases that live for one verification or one plan.

- `borrowed_roles.py`: the roles that a verification on another server needs, as long as it does
- `schema_copy.py`: a scratch database with the schema of another one and no rows
- `scratch_database.py`: a scratch database: locked, dropped, found after a kill
- `session_settings.py`: the settings of a database's sessions, taken over by its copy
"""
