"""Widgets show what they are given and say what was done to them; none of them calls core for data."""
