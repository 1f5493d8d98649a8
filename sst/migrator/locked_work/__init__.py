"""A plugin's work under the run's lock.

- `copy_record.py`: the ledger, carried into a database that replaces this one
- `work.py`: the work itself, on record like a run
"""
