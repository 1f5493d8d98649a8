"""How plugins are found, imported and validated."""
