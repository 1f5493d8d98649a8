"""A command's result in the forms of pipelines, the words of `--format`.

- `annotations.py`: workflow commands of GitHub Actions
- `code_quality.py`: a code quality report of GitLab
- `github.py`: a result in a step of GitHub Actions
- `page.py`: a page of Markdown that says what it leaves out
- `place.py`: a file, from the top of the checkout
- `plan_step.py`: a plan in a step of GitHub Actions
- `prometheus.py`: where the database stands, as a file of metrics
- `said_once.py`: what a report says both in its checks and elsewhere
- `step_summary.py`: the summary of a step, written
- `summary_page.py`: a result as Markdown
"""
