"""The queue: one screen, and who does what in it."""
