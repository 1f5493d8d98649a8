"""What a plan does, as `judge` gets it and answers it.

- `finding.py`: a rule's judgement of one statement
- `lock_modes.py`: lock modes by strength, and what each of them keeps waiting
- `statement.py`: a statement, with its locks and what it changed
"""
