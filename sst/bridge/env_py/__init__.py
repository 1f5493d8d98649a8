"""A project's own env.py: run with our work in it, and the facts of its connection.

- `database_identity.py`: the server, database and session that a connection leads to
- `facts.py`: env.py's connection and version table, compared with ours
- `passage.py`: the way through a chain of revisions, in as few runs of env.py as it allows
- `preparation.py`: folders, variables and imports that env.py prepares for revision files
- `runner.py`: one run of env.py with our work in the place of Alembic's command
- `sql_preview.py`: the SQL that steps would send, from an offline run
- `sql_text.py`: the text of a step's SQL, fit to be run by hand
"""
