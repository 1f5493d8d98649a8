"""One call of the command line: click's classes and options, and the runtime behind them.

- `asking.py`: questions on the terminal
- `command.py`: the click classes of every command
- `errors.py`: what ends a call before it has a report
- `help.py`: a command's options in its help, those of every command last
- `invocation.py`: the options that every command has, and the runtime
- `keeping.py`: an answer is left so that it can be told again
- `options.py`: the options that commands share, and those of a locked command
- `overview.py`: the help of the program itself, its commands by what they are for
- `other_tools.py`: words of other tools, answered with ours
- `presentation.py`: how a command shows its report
- `streams.py`: stdout for the result, stderr for the rest
"""
