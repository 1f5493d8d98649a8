"""What leaves the bridge, and what keeps a revision within its run."""
