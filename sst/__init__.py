"""The core: settings, plugins, migrations, and the web application that shares them.

- `bridge/`: the one door to Alembic
- `cli/`: the command line, one file per command
- `config/`: the settings, and the one door to Dynaconf
- `db/`: the database's URL and its engines
- `fleet/`: one command on many databases: waves, limits, the processes that do it
- `health/`: many checks in, one report out
- `hooks/`: the plugin contract, and how plugins are found and called
- `kept/`: answers that are told again while all that they came of is as it was
- `layout/`: texts fitted to the width of a terminal
- `metrics/`: figures for Prometheus, and the text that has them
- `migrator/`: a run and every other command on the database
- `process/`: the process that env.py, plugins and tests share, compared and put back
- `redaction/`: secrets out of everything that others read
- `settings/`: the settings as code reads them
- `targets/`: the databases that one call can work on
- `testing/`: the kit of plugin authors
- `tracing/`: traces of runs, and the one door to OpenTelemetry
- `web/`: the core's endpoints
- `__main__.py`: `python -m sst`
- `application_context.py`: the application as plugins see it
- `built_in.py`: the place of the built-in plugins and of the revision template
- `command_line.py`: what a user types before a command
- `dependencies.py`: which package is missing or does not fit, and how it is installed
- `door.py`: what `migrate.py` and the script `sst` call
- `errors/`: every error that a user can meet, with its exit code
- `project_root.py`: the folder that is the project
- `runtime.py`: the one place that creates things
- `text.py`: short texts for people, such as an error's first line
- `within.py`: work in a thread with a deadline
"""

__version__ = "0.1.0"
