"""The statements of a rehearsal, and what each of them does to the copy.

- `catalogue.py`: the relations of the copy, and the locks, files and scans of a transaction
- `changes.py`: the changes of a table, by its shape before and after a statement
- `concurrent.py`: the locks of a statement that runs in no transaction block
- `known.py`: what was there before the plan, and what a statement did to it
- `observer.py`: the statements of the revisions, each with what it did
- `tables.py`: the shape of a table: columns, constraints and unique indexes by their numbers
- `words.py`: what the text of a statement tells
"""
