"""What a plan would do: on a terminal, in a pull request, beside its SQL, and as JSON.

- `keys.py`: its keys in `--json`
- `markdown.py`: a page for a pull request
- `notes.py`: what is said beside it: the summary, where it was rehearsed, what a run would do
- `placed.py`: findings and rows in the way, each below its statement
- `screen.py`: lines for a terminal, and records for everything else
- `sql_marks.py`: the SQL of a revision, with what each statement does as comments
"""
