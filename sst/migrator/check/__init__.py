"""The findings of `check`, and its verdict.

- `core_checks.py`: the record compared with the files and with the schema
- `judged.py`: the report that a look and its checks make
- `verdict.py`: nothing to say, or one error with exit code and remedy
"""
