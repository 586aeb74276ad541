"""The typed errors of core. Each message is one sentence for the user that says what to do, if that is known."""

from __future__ import annotations

from collections.abc import Sequence


class CuratorError(Exception):
    """Base class of all errors whose message can be shown to the user."""


class Cancelled(CuratorError):
    """The caller's cancel event was set; nothing was left half done."""


class LibraryError(CuratorError):
    """The library folder cannot be opened, read or written."""


class NoLibrary(LibraryError):
    """The given folder contains no library."""


class LibraryLocked(LibraryError):
    """Another process kept the library locked for too long; nothing was changed."""


class ForeignLog(LibraryError):
    """The write-ahead log beside the database belongs to another database; SQLite would mix the two."""


class SchemaForeign(LibraryError):
    """The library's tables differ from this program's schema; ``differences`` describes each in a few words."""

    def __init__(self, path: object, differences: Sequence[str]) -> None:
        more = f", and {len(differences) - 1} more" if len(differences) > 1 else ""
        super().__init__(
            f"the library's database {path} was changed by another program ({differences[0]}{more}); "
            "nothing was touched: restore a backup, or run --verify for all differences"
        )
        self.differences = tuple(differences)


class RowDamaged(CuratorError):
    """A row of the library's database, given by ``table`` and ``key``, holds a value that this program never writes."""

    def __init__(self, table: str, key: object, reason: str) -> None:
        what, remedy = _ROWS.get(table, (f"row {{}} of {table}", "restore a backup"))
        super().__init__(f"{what.format(key)} is damaged ({reason}); {remedy}")
        self.table = table
        self.key = key
        self.reason = reason


_ROWS = {
    "pending_import": ("pending import {}", "delete it and import it again, or restore a backup"),
    "models": ("the library's model {}", "restore a backup"),
    "journal": ("operation {} in the journal", "restore a backup"),
}


class SourceError(CuratorError):
    """The source database of an import, or the backup to restore, cannot be used."""


class ModelFileError(CuratorError):
    """A model file is missing, not a regular file, empty, unreadable, or changed while it was read."""


class ImageRefused(CuratorError):
    """An image file cannot be used; the message is only the reason, such as ``not a known image format``."""


class ImageUnreadable(ImageRefused):
    """An image cannot be read or decoded at the moment; the image itself may be fine."""


class ImageError(CuratorError):
    """An image cannot be added to, or found in, a model's sequence."""


class CommitUnclear(CuratorError):
    """A commit failed, and only the next opening of the library will show whether it took effect."""


def why_unchanged(error: CuratorError | OSError) -> str:
    """Return in one sentence why an operation was not carried out."""
    if isinstance(error, OSError):
        where = f": {error.filename}" if error.filename else ""
        return f"{error.strerror or error}{where}; nothing was changed"
    return str(error)
