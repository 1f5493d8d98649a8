"""Tools for plugin authors: doctor, reference, scaffold.

- `scaffold/`: the files of `plugins new`
- `doctor.py`: faults of a project's plugins, found without running their hooks
- `reference.py`: the page of hooks, written from the specs
- `route_clashes.py`: routes of plugins that would answer one request
"""
