"""Input made to break things."""
