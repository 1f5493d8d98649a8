"""The archive of a backup: written, read, packed, rebuilt."""
