"""Whether a plugin keeps the contract, beyond what loading it already refuses.

- `conforms.py`: all questions of conformance in one call
- `import_audit.py`: side effects of a plugin's import
- `settings.py`: the form of a plugin's `Config`, and its secrets
"""
