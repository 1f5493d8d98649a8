"""The commands that plugins contribute.

- `commands.py`: checked, and given what every command of ours has
- `context.py`: the runtime as a plugin's command sees it
- `result.py`: a command's result as a report, its secrets masked
"""
