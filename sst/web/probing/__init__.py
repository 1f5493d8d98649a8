"""The questions that endpoints ask: shared, bounded, kept for about a second."""
