"""A command's result in the forms of pipelines, the words of `--format`.

- `annotations.py`: workflow commands of GitHub Actions
- `code_quality.py`: a code quality report of GitLab
- `step_summary.py`: the summary of a step of GitHub Actions
"""
