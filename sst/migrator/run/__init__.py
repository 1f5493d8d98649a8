"""One run, from the lock to the record of its end."""
