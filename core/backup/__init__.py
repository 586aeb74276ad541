"""Backups of a library, and taking one back."""
