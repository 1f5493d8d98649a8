"""Where backups lie: local and remote, listed, kept, encrypted."""
