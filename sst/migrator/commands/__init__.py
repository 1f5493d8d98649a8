"""The commands that run no revision: `stamp`, `wait`, and revisions as rows."""
