"""The database: its URL and its engines.

- `closed.py`: a database that refuses connections, and how it is opened again
- `engine.py`: the application's engine with a pool, and the direct one of migrations
- `parsing.py`: a PostgreSQL URL in the form that SQLAlchemy understands
- `probe.py`: one question to the server, with a deadline of our own
- `server_errors.py`: the parts of a server's error that hold no data
- `url.py`: one URL, shown without its password, in each tool's own form
"""
