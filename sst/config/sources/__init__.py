"""The sources of values: files, variables, secret files, the command line.

- `dotenv.py`: `.env` as one more layer; `os.environ` stays as it was
- `dynaconf_store.py`: the door to Dynaconf
- `enabled_plugins.py`: `plugins.enabled`, known before any plugin is imported
- `environment.py`: the name of the environment
- `files.py`: the settings files as they stand, key by key
- `lint.py`: faults of a settings file that Dynaconf lets pass
- `secret_files.py`: a value in a file of its own
- `source_values.py`: one setting's value in one source, its place, and the order of sources
- `target.py`: what is said of one database of many
- `toml_lines.py`: the line of every key in a TOML text
- `variables.py`: the environment, `.env`, `NAME_FILE`, `--set` and plugins' values
"""
