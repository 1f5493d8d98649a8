"""The commands that plugins contribute.

- `commands.py`: these commands, checked, with the common options added
- `context.py`: the runtime as a plugin's command sees it
- `declared.py`: their names, as the text of a plugin has them
- `known.py`: the commands of the enabled plugins, from texts and metadata
- `on_many.py`: such a command on many databases
- `own_target.py`: a plugin's own option `--target`
- `result.py`: a command's result as a report, its secrets masked
"""
