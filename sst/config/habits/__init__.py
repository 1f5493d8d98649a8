"""Habits of Dynaconf's users: each works here, or gets an answer that says what to write.

- `list_markers.py`: `"dynaconf_merge"` as an item of a list
- `names.py`: names with a word of Dynaconf's in them
- `near_names.py`: variables that were probably meant for us
- `tokens.py`: `@int`, `@format` and the others in values
- `unread_files.py`: files that Dynaconf would have read
"""
