"""PostgreSQL around a backup: sessions, client programs, what belongs to a name."""
