"""What rules have against the statements of a plan.

- `judging.py`: the rules of plugins, asked for each statement
"""
