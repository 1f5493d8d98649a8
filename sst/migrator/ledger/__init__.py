"""The record of runs: written, read, and held against the version table."""
