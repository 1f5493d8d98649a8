"""A result as JUnit's XML.

- `document.py`: the document, and its test cases
- `database.py`: one database, with each check as a test case
- `databases.py`: many databases, each of them a test case
"""
