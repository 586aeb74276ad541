"""Backing up and restoring a library."""
