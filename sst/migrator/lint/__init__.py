"""What rules have against the statements of a plan.

- `accepting.py`: the findings on one revision, and what its comments accept
- `comments.py`: the comments in a revision's file by which findings are accepted
- `gate.py`: the gate of a run, which warns of what is against its plan, or refuses it
- `judging.py`: the rules of plugins, asked for each statement of a rehearsal
- `reasons.py`: the reasons against a plan, of rules and of rows
"""
