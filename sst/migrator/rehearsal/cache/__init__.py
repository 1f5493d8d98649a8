"""The results of rehearsals, kept for the next plan while nothing that they came of has changed.

- `circumstances.py`: the digest of all that a rehearsal depends on and that is no file
- `results.py`: a result kept, and found again
- `sources.py`: the files that revisions were made of: noted while they run, compared later
"""
