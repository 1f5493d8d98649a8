"""The process that env.py, plugins and tests share: what it is at a moment, compared and put back.

- `environment.py`: the variables and the working folder
- `loggers.py`: how the log is set up
- `looks.py`: what the process opens, looks for, starts and connects to, told to a listener
- `parts.py`: every part that a plugin's call is kept from
"""
