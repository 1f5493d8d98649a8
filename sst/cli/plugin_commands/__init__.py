"""The commands that plugins contribute.

- `commands.py`: these commands, checked, with the common options added
- `context.py`: the runtime as a plugin's command sees it
- `result.py`: a command's result as a report, its secrets masked
"""
