"""What a shell is told that could stand where the cursor is.

Quick and silent: texts are read, nothing is imported that need not be, no server is started.

- `answer.py`: one question of a shell, answered in time or not at all
- `bash_words.py`: the words of a line that bash has split
- `names.py`: environments, settings and plugins
- `revisions.py`: revisions, from their files' texts
- `runs.py`: runs on record, from the database if it answers at once
- `settings_text.py`: the settings as their files' texts say them
- `target_names.py`: the databases that files list
"""

from __future__ import annotations

VARIABLE = "_SST_COMPLETE"
"""The shell's script sets it: `bash_complete`, with the words in COMP_WORDS."""
