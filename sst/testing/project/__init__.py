"""A real project on a real database, driven through migrate.py.

- `failing_plugin.py`: a plugin that fails where a test wants it
- `files.py`: the files of a small Alembic project
- `imported.py`: the modules that a forked command has already
- `outcome.py`: a command's exit code, output, hook calls and events
- `processes.py`: migrate.py in a forked process
- `project.py`: the project of a test
- `recording.py`: the hook calls and events of one command, written down
- `server.py`: the PostgreSQL server of the tests, and fresh databases
"""
