"""A real project on a real database, driven through migrate.py."""
