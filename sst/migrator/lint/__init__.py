"""What rules have against the statements of a plan.

- `accepting.py`: the findings on one revision, and what its comments accept
- `comments.py`: the comments in a revision's file by which findings are accepted
- `judging.py`: the rules of plugins, asked for each statement of a rehearsal
"""
