"""The rows of the real database, which the copy has not.

- `sizes.py`: rows and bytes of the real tables
"""
