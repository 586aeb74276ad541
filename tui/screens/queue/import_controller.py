"""Bringing models into the queue, and finding files that are no longer at their paths."""

from __future__ import annotations

import asyncio
import threading
from typing import TYPE_CHECKING

from textual.screen import Screen

from core.errors import Cancelled, CuratorError
from core.text import count_of
from tui.keys import display_key
from tui.screens.queue.hashing_controller import HashingController
from tui.screens.queue.list_controller import ListController
from tui.widgets.status_bar import StatusBar

if TYPE_CHECKING:
    from core.library import Library


class ImportController:
    """Shows the import dialog, and looks for missing files; afterwards the list is read again."""

    def __init__(
        self, screen: Screen[None], library: Library, listing: ListController, hashing: HashingController
    ) -> None:
        self._screen = screen
        self._library = library
        self._listing = listing
        self._hashing = hashing
        self._leaving = threading.Event()

    @property
    def left(self) -> bool:
        """Whether the screen is being left."""
        return self._leaving.is_set()

    def leave(self) -> None:
        """Stop looking for files."""
        self._leaving.set()

    async def bring_in(self) -> None:
        """Bring models in, then show and hash what was added."""
        from tui.screens.import_dialog import ImportScreen  # noqa: PLC0415 - start-up

        if await self._screen.app.push_screen_wait(ImportScreen(self._library)) is not None:
            self.reload()
            self._hashing.start()

    def reload(self) -> None:
        """Read the whole list again."""
        self._listing.load()

    async def relink(self) -> None:
        """Look for missing files in the remembered folders."""
        status = self._screen.query_one(StatusBar)
        folders = self._library.model_folders
        if not await asyncio.to_thread(folders.remembered):
            key = display_key(self._screen.app, "import.open")
            status.say(f"No folder is remembered to look in: {key} scans one first.")
            return
        status.say("Looking for missing files …")
        try:
            report = await asyncio.to_thread(folders.relink, cancel=self._leaving)
        except Cancelled:
            return
        except CuratorError as error:
            status.warn(str(error))
            return
        found, missing = len(report.relinked), len(report.still_missing)
        status.say(f"{count_of(found, 'missing file')} found, {missing:,} still missing.")
        if found:
            self.reload()
            self._hashing.start()
