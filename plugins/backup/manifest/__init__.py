"""What is known about a backup, sealed beside it."""
