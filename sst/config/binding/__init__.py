"""From source values to one frozen `Configuration`, or to all problems at once.

- `bind.py`: one model's values, validated into one instance or into problems
- `configuration.py`: the frozen result, and the source of each value
- `known_secrets.py`: secrets that are known before any plugin is
- `merge.py`: tables, merged key by key
- `open_sources.py`: files and variables, read up to the point where plugins must be known
- `policy.py`: the operator's decision on each listed plugin
- `protection.py`: the refusals of a protected environment
- `read_value.py`: a source value, read by its setting's declared type
- `sources.py`: all sources of one project, asked for plugins first, then bound
- `validation_errors.py`: pydantic's refusals in our words, without the value
- `values_by_setting.py`: the values of all sources, sorted by setting
"""
