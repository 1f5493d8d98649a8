"""Models against schema: every difference that is one, and none that is not."""
