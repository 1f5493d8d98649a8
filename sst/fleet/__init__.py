"""One command on many databases: in which order, how many at once, and when it stops.

- `inventory/`: where all of them stand, as they were last looked at
- `outcome.py`: what became of one database, and of all of them
- `waves.py`: the canary, then waves of growing size
- `budget.py`: how many may fail
- `wave.py`: those of one wave that wait, and which is next
- `silent_servers.py`: servers that one database has waited for, and others do not
- `rollout.py`: one wave after the other, within all limits
- `stopped.py`: how a rollout ended, as an error
- `processes.py`: the engine of this machine, a few processes
- `worker_process.py`: one of them

What works on databases is in the plugin contract, `sst/hooks/contract/fleet/`.
A run on one database is the same as ever: lock, backup, gates, record. What is true of a database
is in its own record; nothing in here is kept anywhere.
"""
