"""A new revision file: where it goes, and what is written into it."""
