"""A plugin's work under the run's lock."""
