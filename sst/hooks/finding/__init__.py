"""Plugins found, imported and validated.

- `discovery.py`: the listed plugins in their order, and all faults at once
- `hook_functions.py`: the hook functions of a plugin, read without a call
- `instances.py`: a plugin's object, made with its settings
- `loading.py`: the import of one plugin
- `lockfile.py`: `plugins.lock`: distribution, version and hash of enabled code
- `one_module.py`: one module object for a local plugin, whichever name it is imported by
- `pins.py`: a plugin held to the distribution that the settings pin
- `plugin_list.py`: all plugins, listed without an import
- `selection.py`: the module behind each listed name, or the reason why there is none
- `sources.py`: plugins by name, as files and as installed packages
- `validation.py`: faults of an imported plugin, found before any call
"""
