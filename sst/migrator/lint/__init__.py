"""What rules have against the statements of a plan.

- `accepting.py`: the findings on one revision, and what its comments accept
- `by_form.py`: statements that could not be run, read from a revision's SQL
- `comments.py`: the comments in a revision's file by which findings are accepted
- `gate.py`: the gate of a run, which warns of what is against its plan, or refuses it
- `git_base.py`: the revision files that are new, or other, since a commit
- `judging.py`: the rules of plugins, asked for each statement of a rehearsal
- `linting.py`: the judgement of the rules on revisions, as `lint` returns it
- `new_since.py`: the revisions that are new since a base
- `outcome.py`: the values that `lint` returns
- `reasons.py`: the reasons against a plan, of rules and of rows
- `replay.py`: revisions rehearsed in an empty database, behind the history
"""
