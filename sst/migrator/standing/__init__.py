"""Where a database stands: what is at work in it, how the last run ended, what is next.

One value, read in one look, for whoever shows it: `status`, `check`, `history`, `/readyz`.

- `brief.py`: one database of many, in short
- `headline.py`: what matters first, in a sentence, and the way on
- `last_backup.py`: the newest backup on record
- `last_runs.py`: the run at work, the last one, and one that nothing has made good
- `read.py`: the look that reads it
- `running.py`: what is at work: since when, by whom, in what, waiting for whom
- `run_end.py`: how a run ended, in words
- `standing.py`: the value itself
"""
