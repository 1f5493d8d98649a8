"""One command on many databases, as the command line has it.

- `options.py`: which databases, in which order, how many at once
- `engines.py`: what works on them: processes of this machine, or what a plugin offers
- `run.py`: the call that lets a fleet of processes do it
- `signals.py`: SIGINT and SIGTERM, from the first database to the report
- `worker.py`: one of these processes
- `report.py`: one report of them all
- `event.py`: the event of its end
- `prometheus.py`: that of `status` as metrics
"""
