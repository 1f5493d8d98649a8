"""The damage that a half-applied run leaves, and its repair.

- `damage.py`: damages, found by queries, each with its remedy
- `repair.py`: `repair`, one damage after the other, on record
- `statement.py`: the one statement that repairs a damage
"""
