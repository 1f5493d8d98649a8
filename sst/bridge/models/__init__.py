"""Models against schema: every real difference, and no other.

- `compare.py`: the comparison, and its differences as lines
- `computed_columns.py`: expressions of computed columns, compared by the server
- `differences.py`: Alembic's difference tuples in words
- `enum_labels.py`: labels of enum types, compared and added
- `ignored_tables.py`: tables that are left out of the comparison
- `joined.py`: the models of the project and of its plugins as one
- `uncompared.py`: parts of a model that Alembic does not compare
"""
