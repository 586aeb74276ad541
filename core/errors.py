"""The typed errors of core. The text of each is one sentence for the user, saying what to do where that is known."""

from __future__ import annotations

from core.records import ImportReport, Outcome


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


class SourceError(CuratorError):
    """A source of Stage 1 cannot be read at all."""


class ModelFileError(CuratorError):
    """A model file is missing, not a regular file, empty, unreadable, or changed while it was read."""


class ImageRefused(CuratorError):
    """An image file cannot be taken; the text is the reason alone, such as ``not an image``."""


class ImageUnreadable(ImageRefused):
    """An image file cannot be read at this moment, which says nothing of the image."""


class ImageError(CuratorError):
    """An image cannot be put into, or found in, a model's sequence."""


class CommitUnclear(CuratorError):
    """A commit failed and it is not known whether it will turn out to have happened."""


class ImportInterrupted(KeyboardInterrupt):
    """A KeyboardInterrupt within Stage 1; ``report`` has the batches that were in by then, perhaps one less."""

    def __init__(self, report: ImportReport) -> None:
        super().__init__()
        self.report = report


class PromotionRefused(CuratorError):
    """No plan can be made; ``outcome`` tells why."""

    def __init__(self, outcome: Outcome) -> None:
        super().__init__(outcome.error or f"pending import {outcome.id}: {outcome.status.replace('_', ' ')}")
        self.outcome = outcome
