"""The findings of `check`, and its verdict.

- `core_checks.py`: the record compared with the files and with the schema
- `verdict.py`: nothing to say, or one error with exit code and remedy
"""
