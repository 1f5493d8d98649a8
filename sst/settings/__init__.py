"""The settings of a project as code reads them.

- `checking.py`: the same with every plugin created and the URLs read, for `config check`
- `loading.py`: settings and plugins, bound into one configuration
"""
