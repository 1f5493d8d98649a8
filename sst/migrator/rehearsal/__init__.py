"""A plan's rehearsal: what is pending runs on a copy without rows, each statement observed.

- `inside.py`: a revision is kept from starting programs and from the network
- `beyond.py`: the reach of a statement beyond the copy, at which a rehearsal ends
- `cache/`: the results of rehearsals, kept for the next plan
- `copy.py`: the copy: where it is made, with the revision that the database is at
- `observed/`: the statements of the revisions, each with what it does to the copy
- `own_connections.py`: connections that a revision opens itself, which lead to the copy alone
- `passes.py`: one pass of revisions over a scratch database, and where it ends
- `real/`: the rows of the real database, which the copy has not
- `rehearse.py`: the rehearsal of one plan, from the copy to the sizes
- `rehearsal.py`: the values that come out of it
- `summary.py`: the plan as a whole, in a sentence
- `words.py`: one statement in words
"""
