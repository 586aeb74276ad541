"""The program in a pseudo-terminal."""
