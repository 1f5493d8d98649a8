"""One table: what the product costs beside `alembic`, `pg_dump`, `psql` and a minimal FastAPI.

    make bench [ROWS="current check"] [TURNS=3] [QUICK=1] [PG_BIN=/folder/with/zstd] [WRITE=1]

Every row is a goal of the project. Both sides of a row are run in turns on one machine, in the
environment of requirements.lock with its byte code compiled; the ratio is the median of the ratios
of the turns. A busy machine slows both sides: processor time counts, wall time is as good as the
machine is idle.

- `__main__.py`: the command line
- `rows.py`: a row, its result, and the rows that a user names
- `text.py`: the table as text, and its place in the README files
- `turns.py`: commands run in turns, with the processor time of all their processes
- `place.py`: the server, the databases and the generated projects of one call
- `start_up.py`: commands with nothing to do, and `--help`
- `upgrades.py`: `upgrade` of one and of many revisions
- `statements.py`: statements and sessions, counted by a server of their own
- `application.py`: probes under load, and what an import costs
- `backups.py`: `backup create` and `restore`
- `suite.py`: `make test`, measured on request only
"""
