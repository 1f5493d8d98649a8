"""The place of an Alembic project, found from the settings, with the branches of plugins.

- `branches.py`: the branches of revisions that plugins bring
- `find.py`: the search for the project: an ini, a pyproject.toml or a folder
- `location.py`: the project's place and options, and the `Config` of each run
- `paths.py`: paths, absolute inside and relative in messages
"""
