"""The settings that exist: names, types, ranges, defaults, meaning.

- `annotations.py`: the meaning of a declared type: how its text is read, whether it is secret
- `catalog.py`: every setting of the core, the application and the enabled plugins
- `durations.py`: durations as people write them, `2h`
- `names.py`: the names of one setting in a file and in the environment
- `nested.py`: the parts of a setting's value, each with its declared type
- `parts.py`: a value as pydantic takes it: its parts read, and over the default of a table
- `plugin_policy.py`: the keys that the core reads in every plugin's section
- `schema/`: the core's settings, each written once
- `secret_pickles.py`: the refusal to pickle or show a plugin's settings
- `setting.py`: one setting, and the settings that a model declares
- `validation.py`: a model made from values by the names of its fields
"""
