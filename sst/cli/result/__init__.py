"""A command's result: the one place that prints it, and the texts that commands share.

- `envelope.py`: the one JSON object of a command
- `findings/`: the findings of `lint` in the forms that people and pipelines read
- `junit/`: a result as JUnit's XML
- `markdown_text.py`: somebody's text in Markdown
- `moved_schema.py`: text and key of `upgrade`, `downgrade` and `stamp`
- `output.py`: a report, printed
- `pipelines/`: the forms of pipelines, the words of `--format`
- `plan/`: what a plan would do, on a terminal, in a pull request, beside its SQL, and as JSON
- `revisions.py`: where the database stands, and revisions as JSON
- `runs_on_record.py`: runs as text and as JSON-ready values
- `standing.py`: where a database stands, as rows and as keys
- `status_screen.py`: the screen of `status`
- `table.py`: rows of text, aligned on a terminal and tab-separated elsewhere
- `vetoes.py`: the plugins that would refuse a run
"""
