"""Restores the row, the filter and the order of the list from the last session, and saves them."""

from __future__ import annotations

import asyncio
import os
from enum import Enum, auto
from pathlib import Path

from tui.config import session
from tui.config.session import Session
from tui.screens.queue.list_controller import ListController

_PATIENCE = 3.0  # seconds to wait for a slow disk before showing the list; more than a busy start takes


class Start(Enum):
    """How the screen begins."""

    PLAIN = auto()
    RESUMED = auto()  # where it was left
    FIRST = auto()  # by asking for models


class SessionController:
    """Reads the session at start-up, and saves it when the app quits."""

    def __init__(self, library: Path, listing: ListController, *, on: bool) -> None:
        self._library = library
        self._listing = listing
        self._on = on
        self._begun = False

    async def begin(self) -> str:
        """Load the list as it was left; return a sentence if restoring failed."""
        kept, told = Session(), ""
        if self._on:
            try:
                async with asyncio.timeout(_PATIENCE):
                    kept = await asyncio.to_thread(session.read, self._library)
            except (OSError, ValueError) as error:  # a timeout is an OSError
                told = f"The list starts at the top: your last position could not be read ({_reason(error)})."
        self._listing.resume(kept)
        self._begun = True
        return told

    async def keep(self) -> str:
        """Save the session; return a sentence if that failed."""
        if self._on and self._begun:
            try:
                await asyncio.to_thread(session.write, self._library, self._listing.session)
            except OSError as error:
                return f"Your position in the list could not be saved: {_reason(error)}."
        return ""


def _reason(error: OSError | ValueError) -> str:
    if isinstance(error, TimeoutError):
        return "it took too long"
    if isinstance(error, OSError):
        return f"{error.filename}: {os.strerror(error.errno or 0)}"
    return str(error)
