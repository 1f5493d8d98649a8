"""The commands that run no revision: `stamp`, `wait`, `revision`, and revisions as rows.

- `confirmation.py`: the questions before a command that takes something away
- `kept_plan.py`: the plan as an earlier rehearsal has seen it
- `look.py`: a read-only look, and what an upgrade would be refused with
- `new_revision.py`: `revision`, by hand or from the models
- `planned.py`: the steps to a target from where the database stands
- `question.py`: one statement that says whether a database is as it was
- `review.py`: the objections of plugins to a plan
- `revision_rows.py`: the plan, the pending revisions and the history as rows
- `stamp.py`: `stamp`, on record like a run
- `wait.py`: `wait`, until the database answers or has the expected schema
"""
