"""Texts fitted to the width of a terminal: whole fields below each other, whole words.

- `cells.py`: the columns that a text takes, and a text cut to some
- `labelled.py`: lines that begin with a label, as those of an error
- `table.py`: rows as lines, their fields below each other where they do not fit beside
- `words.py`: a text broken between words
"""
