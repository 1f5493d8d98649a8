"""Plugins: one file or package, one job each; what settings.toml does not list is not imported."""
