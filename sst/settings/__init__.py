"""The settings of a project as code reads them.

- `loading.py`: settings and plugins, bound into one configuration
"""
