"""Pixels and image sequences; nothing here knows the database."""
