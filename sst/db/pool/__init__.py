"""The pool of the application's connections.

- `measured.py`: a pool that says how many are in use, and how many wait for one
"""
