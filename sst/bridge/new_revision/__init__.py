"""A new revision file: its place and its text.

- `column_types.py`: the types of columns, written so that the file can be imported and run
- `in_words.py`: its operations in words, and those that look like a rename
- `named_types.py`: enum types that it brings
- `placement.py`: the parent, folder and tables of a new revision
- `write.py`: the file, empty or written from the differences
- `written.py`: the outcome, a file or the reason why there is none
"""
