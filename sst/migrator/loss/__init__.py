"""The loss that a plan brings: what its statements take away, and the rows in it now.

- `effect.py`: the values that effects are
- `effects.py`: what one statement takes away
- `measure.py`: rows and sizes of what is taken away, asked for a bounded time
- `plan_loss.py`: the loss of a plan, revision by revision
- `reading.py`: the words and names of one statement, one after the other
- `table_effects.py`: what ALTER TABLE takes away
- `words.py`: a loss in lines for a person
"""
