"""All SQL. ``LibraryDatabase`` opens connections and transactions; the other modules read and write rows in them."""

from core.storage.database import LibraryDatabase

__all__ = ["LibraryDatabase"]
