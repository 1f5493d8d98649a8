"""The facts about a backup, sealed beside it, and its id.

- `backup_id.py`: the id: a name that sorts by time and names the subject
- `form.py`: the form that a manifest must have before a value of it is used
- `manifest.py`: the manifest itself: its fields, its JSON, its checksum
- `origin.py`: the server that a backup is of
- `outside.py`: what one schema needs of its database
- `subject.py`: what a backup is of: a database, or one schema in it
"""
