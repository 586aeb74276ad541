"""The terminal app and the command line: the only entry points of the program."""
