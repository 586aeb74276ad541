"""Widgets show the data they are given and post messages; none of them calls core for data."""
