"""Input crafted to break things."""
