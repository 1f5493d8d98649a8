"""What a plugin is promised: hooks, their modes, and the values that cross the border."""
