"""The revision files and all that follows from them: order, heads, targets, plan, stamps.

- `broken_files.py`: faults of revision files, each with file and line
- `heads.py`: the version table's rows after a step, computed without a database
- `history.py`: the revision files of a project, read once
- `id_length.py`: the refusal of ids that the version table cannot hold
- `plan.py`: the steps from the heads to a target
- `stamps.py`: the rows that `stamp` writes, and the steps that write them
- `targets.py`: a target as the operator wrote it, resolved or refused
"""
