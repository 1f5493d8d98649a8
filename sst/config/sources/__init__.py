"""Where values come from: files, variables, secret files, the command line."""
