"""The process that env.py, plugins and tests share: what it is at a moment, compared and put back.

- `environment.py`: the variables and the working folder
- `loggers.py`: how the log is set up
- `parts.py`: every part that a plugin's call is kept from
"""
