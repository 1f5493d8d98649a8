"""The commands that run no revision: `stamp`, `wait`, and revisions as rows.

- `revision_rows.py`: the plan, the pending revisions and the history as rows
- `stamp.py`: `stamp`, on record like a run
- `wait.py`: `wait`, until the database answers or has the expected schema
"""
