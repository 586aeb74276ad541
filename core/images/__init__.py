"""Pixels and image sequences; independent of the database."""
