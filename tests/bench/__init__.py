"""How fast and how small the program is with a long queue: ``make bench``."""
