"""Enums and frozen dataclasses shared by all packages; no I/O."""
