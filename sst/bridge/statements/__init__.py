"""A revision's statements: its transaction, its timeouts, its concurrent indexes, its notices."""
