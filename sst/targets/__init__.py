"""The databases that one call can work on: listed, read, and chosen.

- `catalog.py`: those that a database knows: rows of a query, databases of a server, schemas
- `choose.py`: some of them, by name and label
- `entries.py`: one, from what is said of it
- `files.py`: those in a TOML or a CSV file
- `read.py`: all of them, from every place that lists some
"""
