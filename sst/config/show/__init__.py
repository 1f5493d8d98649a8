"""Settings as they may be shown: views, masked values, generated references.

- `checking.py`: the checks of `config check`, for one environment or all
- `generate.py`: the JSON Schema and the page of settings
- `masking.py`: one value, JSON-ready, its secrets masked
- `views.py`: the values behind `config show`, `explain` and `diff`
"""
