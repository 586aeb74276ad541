"""Promote one import into the library."""
