"""The promise to a plugin: hooks, their modes, and the values that cross the border.

- `fleet/`: a command on many databases: jobs, answers, what works on them
- `plan/`: the statements of a plan, and the findings on them
- `specs/`: every hook
- `application.py`: the application that a plugin adds to
- `checks.py`: checks, their results, and the look at the database that they get
- `commands.py`: the context and the result of a plugin's own command
- `deprecation.py`: warnings about deprecated arguments
- `error_location.py`: file and line, as a message names them
- `events.py`: events that `notify` gets
- `marker.py`: the decorators, `hookspec`, `hookimpl` and `cacheable`
- `modes.py`: the modes, and the declaration of a hook's mode
- `revisions.py`: revision files, and those that a plugin brings
- `run.py`: a run, its backup and its failure
- `settings_view.py`: the settings as a plugin reads them
"""
