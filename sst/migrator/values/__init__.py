"""Values that every command of the migrator takes or returns."""
