"""Where an Alembic project is: found from the settings, with the branches that plugins bring."""
