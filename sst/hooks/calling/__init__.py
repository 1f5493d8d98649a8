"""The calls of hooks: order, deadlines, isolation, timing.

- `around.py`: plugins' context managers around a run's steps
- `calls.py`: one hook's implementations, called as its mode says
- `collecting.py`: contributions of plugins, collected in time
- `deadlines.py`: a plugin's call in a daemon thread with a deadline
- `gates.py`: gates, asked one after the other
- `isolation.py`: the process, put back after each call
- `observers.py`: observers, which cannot change an outcome
- `timing.py`: the seconds that calls took
- `traced.py`: a call as a span of a trace
"""
