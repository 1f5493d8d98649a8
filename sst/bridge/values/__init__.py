"""The values that leave the bridge, and the guard that keeps a revision within its run.

- `checksum.py`: the checksum of a revision's code
- `process_state.py`: stdout and logging, put back after env.py and revisions
- `steps.py`: the frozen values themselves
- `x_arguments.py`: the x arguments by their keys
"""
