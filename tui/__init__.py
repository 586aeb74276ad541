"""The terminal app and the command line: the only two ways in."""
