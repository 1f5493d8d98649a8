"""The record of runs: written, read, and held against the version table.

- `actor.py`: the person, role, host and code of a run
- `agreement.py`: the version table held against the record
- `checkout.py`: the commit of the checkout, and changes that are not in it
- `durations.py`: how long the code of a revision took when it ran here before
- `failure.py`: why a run failed, as the ledger keeps it
- `notes.py`: notes of plugins on a run's record
- `plugin_origin.py`: the run, code and plugin that brought a revision
- `reader.py`: recorded runs, read
- `schema.py`: the ledger's tables, and the way from an older ledger
- `unknown_revision.py`: a revision without a file, and what the record knows of it
- `writer.py`: the record, written on a connection of its own
"""
