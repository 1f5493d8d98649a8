"""The shape of a schema, and the fingerprint that shows drift.

- `drift.py`: two shapes compared
- `estimated_rows.py`: the rows of a table as the server estimates them
- `fingerprint.py`: the fingerprint that the last run left
- `shape.py`: every object of a database with a short hash
- `stay.py`: the one schema of a run: it is there, and env.py stays in it
"""
