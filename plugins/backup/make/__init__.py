"""Making one backup: a moment held open, dumped, counted, proven."""
