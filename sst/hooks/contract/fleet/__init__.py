"""A command on many databases, as the plugin contract has it.

- `engines.py`: what works on them
- `jobs.py`: the work on one database, and what became of it
"""
