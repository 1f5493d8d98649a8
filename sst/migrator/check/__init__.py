"""What `check` finds, and what it concludes."""
