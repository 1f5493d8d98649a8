"""From source values to one frozen `Configuration`, or to all problems at once."""
