"""The findings of `lint` in the forms that people and pipelines read.

- `forms.py`: the forms by their names
- `github.py`: workflow commands of GitHub Actions
- `gitlab.py`: a code quality report of GitLab
- `keys.py`: the keys of `--json`
- `markdown.py`: a summary for a pull request
- `sarif.py`: a log in SARIF 2.1.0
- `text.py`: lines for a person
"""
