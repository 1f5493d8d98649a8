"""The core's endpoints, one file each."""
