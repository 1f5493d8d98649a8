"""A worker: what takes jobs out of the queue.

- `connector.py`: the way to a queue that may be away for a while
- `given_back.py`: a job that goes back into the queue, because its worker ends
- `known.py`: the targets that it knows
- `slots.py`: the databases that it has at work
- `worker.py`: the worker, until a signal
"""
