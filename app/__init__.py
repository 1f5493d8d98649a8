"""The application: what a team edits.

- `api/`: its endpoints, one file for each resource
- `main.py`: the web door
- `models.py`: its tables
- `settings.py`: its own settings
"""
