"""What the terminal can draw, and leaving it."""
