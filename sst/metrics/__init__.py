"""Figures for Prometheus: where the database stands, readiness, requests, the pool.

- `application.py`: the families of one process: readiness, requests, the pool
- `database.py`: the families of a database, made of what `status` reports
- `exposition.py`: the text format: families, samples, escapes
- `fleet.py`: the families of all databases together
- `known.py`: every metric that there is, with its help
"""
