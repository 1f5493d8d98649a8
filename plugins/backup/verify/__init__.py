"""The proof of a backup: read back whole, or restored and counted.

- `scratch_database.py`: a database for one verification: locked, dropped, found after a kill
- `verifier.py`: the levels of proof: none, read, restore
"""
