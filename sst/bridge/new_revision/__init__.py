"""A new revision file: its place and its text.

- `placement.py`: the parent, folder and tables of a new revision
- `write.py`: the file, empty or written from the differences
"""
