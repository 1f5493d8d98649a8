"""A project's own env.py: run with our work in it, and what its connection turns out to be."""
