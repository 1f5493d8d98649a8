"""The database: its URL and its engines.

- `pool/`: the pool of the application's connections
- `advice.py`: what to do about an error of the server
- `closed.py`: a database that refuses connections, and how it is opened again
- `connect_advice.py`: what to do about a refused connection
- `engine.py`: the application's engine with a pool, and the direct one of migrations
- `foreign_statements.py`: statements that are neither ours nor Alembic's
- `parsing.py`: a PostgreSQL URL in its parts, as SQLAlchemy and libpq read it
- `probe.py`: one question to the server, with a deadline of our own
- `rows_in_the_way.py`: the query that finds rows which a constraint would not have
- `server_errors.py`: the parts of a server's error that hold no data
- `sql_tokens.py`: SQL text as statements, and those as tokens
- `url.py`: one URL, shown without its password, in each tool's own form
"""
