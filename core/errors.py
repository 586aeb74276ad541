"""The typed errors of core. The text of each is one sentence for the user, saying what to do where that is known."""

from __future__ import annotations

from collections.abc import Sequence


class CuratorError(Exception):
    """Anything that went wrong and can be told to the user in one sentence."""


class Cancelled(CuratorError):
    """The caller's cancel event was set; nothing was left half done."""


class LibraryError(CuratorError):
    """The library folder cannot be opened, read or written."""


class NoLibrary(LibraryError):
    """There is no library in the folder that was named."""


class LibraryLocked(LibraryError):
    """Another process kept the library locked for too long; nothing was changed."""


class ForeignLog(LibraryError):
    """The write-ahead log beside the database was written for another one: SQLite would mix the two."""


class SchemaForeign(LibraryError):
    """The library's tables are not as this program makes them; ``differences`` says each in a few words."""

    def __init__(self, path: object, differences: Sequence[str]) -> None:
        more = f", and {len(differences) - 1} more" if len(differences) > 1 else ""
        super().__init__(
            f"the library's database {path} was changed by another program ({differences[0]}{more}); "
            "nothing was touched: restore a backup, or run --verify for all differences"
        )
        self.differences = tuple(differences)


class RowDamaged(CuratorError):
    """A row of the library's database holds what this program never writes; ``table`` and ``key`` say which."""

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
    """A source of Stage 1 cannot be read at all."""


class ModelFileError(CuratorError):
    """A model file is missing, not a regular file, empty, unreadable, or changed while it was read."""


class ImageRefused(CuratorError):
    """An image file cannot be taken; the text is the reason alone, such as ``not an image``."""


class ImageUnreadable(ImageRefused):
    """An image cannot be read or decoded at this moment, which says nothing of the image."""


class ImageError(CuratorError):
    """An image cannot be put into, or found in, a model's sequence."""


class CommitUnclear(CuratorError):
    """A commit failed and it is not known whether it will turn out to have happened."""


def why_unchanged(error: CuratorError | OSError) -> str:
    """Return in a sentence what kept an operation from being decided."""
    if isinstance(error, OSError):
        return f"{error.strerror or error}: {error.filename}; nothing was changed" if error.filename else str(error)
    return str(error)
