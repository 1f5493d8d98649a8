"""Secrets, in every spelling, kept out of all that others can read.

- `logs.py`: log lines on stderr, as text or JSON
- `never_pickled.py`: what holds secrets is not pickled
- `plugin_output.py`: a plugin's output, bounded and masked
- `redact.py`: the mask over known secrets, and over plain credentials of others
- `spelling.py`: a text with its escapes undone, level by level
- `statements.py`: a statement of another session, its literals as `?`
- `urls.py`: URLs as they may be shown
"""
