"""The findings of `lint` in the forms that people and pipelines read.

- `keys.py`: the keys of `--json`
- `text.py`: lines for a person
"""
