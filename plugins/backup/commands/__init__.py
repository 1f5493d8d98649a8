"""The commands of the plugin: parse, call, print.

- `backup_id.py`: the argument that names a backup, and what completes it
- `commands.py`: the click commands and their options: parse, call, print
- `operations.py`: the work of `backup create|list|show|verify`
- `prune_operations.py`: the work of `backup prune`
- `restore_operations.py`: the work of `restore`, and of a restore after a failed run
- `restore_question.py`: the backup against the database of now, before a restore is confirmed
- `texts.py`: the rows and JSON values of listings and of one backup
"""
