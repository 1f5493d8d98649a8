"""Values that every command of the migrator takes or returns.

- `context.py`: the values and doors that a command gets from the runtime
- `dead_run.py`: a run that was killed, in words
- `options.py`: the options of a command that takes the run's lock
- `plan_hash.py`: the hash of a plan, and a run held to it
- `planned_run.py`: a plan as plugins see it
- `report.py`: a command's result, as values
- `shown.py`: the place of a database when its operator was asked
- `status.py`: the database's place against the code
- `verdict.py`: what stands against a plan, and what a run of it does with that
"""
