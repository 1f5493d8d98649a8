"""Where all databases stand, as they were last looked at; the truth is in each of them.

- `entry.py`: one database, as it was last seen
- `inventory.py`: all of them in short: counts, and the few that matter first
- `watch.py`: the looks, one after the other, spread over the time
"""
