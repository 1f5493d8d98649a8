"""The database: its URL, its engine, the models."""
