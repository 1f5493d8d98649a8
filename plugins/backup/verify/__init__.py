"""The proof of a backup: read back whole, or restored and counted.

- `verifier.py`: the levels of proof: none, read, restore
"""
