"""Habits of Dynaconf's users: each works here, or gets an answer that says what to write.

- `list_markers.py`: `"dynaconf_merge"` as an item of a list
- `near_names.py`: variables that were probably meant for us
"""
