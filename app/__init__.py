"""The application: what a team edits. Its settings, tables and endpoints."""
