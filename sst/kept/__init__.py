"""Answers of commands that change nothing, told again while all that they came of is as it was.

A command leaves its words here when it has ended well. The next call of the same words compares
files, process and database with what they were, in one question to the server and before anything
of ours or of others is imported, and prints the same. Any doubt, any difference, any error: the
command runs, and its answer is the only one.

- `answer.py`: a call answered by what is kept, or noted so that the next one can be
- `circumstances.py`: the call and its process, as one digest
- `database.py`: one question on a connection of its own, within a deadline
- `doubts.py`: what the code that runs says of its answer, to the notes that are taken
- `files.py`: files and folders, compared by what their file system says of them
- `noting.py`: what a command reads and prints, and whether anything makes its answer doubtful
- `record.py`: what is kept of a command, as a file
- `store.py`: a folder of small files of the user's own, which nobody else may write to
- `varying.py`: the parts of a text that change by themselves, such as how long ago something was
- `where.py`: where the database is, where its password is read, and how it is asked again
- `words.py`: the command lines whose answer may be kept
"""
