"""The rows of the real database, which the copy has not.

- `calls.py`: the traffic on what a statement blocks
- `counts.py`: the SQL that counts the rows in the way
- `definition.py`: the definition of a constraint, taken apart
- `facts.py`: the facts of the real database beside what a rehearsal has seen
- `kin.py`: the children of real tables, and what writes follow a write
- `probes.py`: the real rows, asked whether they would make a plan fail
- `questions.py`: the questions to the real rows that follow from what a plan changes
- `seconds.py`: the seconds that a statement will take on the real tables
- `sizes.py`: rows and bytes of the real tables
- `today.py`: the real tables of today, by the names that a plan gives them
"""
