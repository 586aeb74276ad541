"""Where everything lies in a library's folder; paths are relative to it, with ``/`` between their components."""

from __future__ import annotations

DATABASE = "library.db"
ALIVE = "alive.lock"
IMAGES, PENDING, STAGING, TRASH = FOLDERS = ("images", "pending", "staging", "trash")


def pending_path(file: str) -> str:
    """Return the path of a pending import's image."""
    return f"{PENDING}/{file}"


def staging_path(operation: str) -> str:
    """Return the path of an operation's staging folder."""
    return f"{STAGING}/{operation}"


def trash_path(operation: str) -> str:
    """Return the path of the folder for what an operation displaced or dropped."""
    return f"{TRASH}/{operation}"
