"""Hashing ahead for the queue screen: its progress in the header and the list, and the pause."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

from textual.screen import Screen

from tui.jobs.hash_job import HashJob
from tui.messages import Hashing, HashingEnded
from tui.screens.queue.list_controller import ListController
from tui.widgets.header import HeaderBar
from tui.widgets.queue_list.queue_list import QueueList
from tui.widgets.status_bar import StatusBar

if TYPE_CHECKING:
    from core.library import Library

_WIDE = 110  # cells; from this width on, there is room for a bar


class HashingController:
    """Starts, pauses and shows the job; rows that were hashed are read again."""

    def __init__(
        self,
        screen: Screen[None],
        library: Library,
        listing: ListController,
        in_view: Callable[[], Sequence[int]],
        paused: bool,
    ) -> None:
        self._screen = screen
        self._listing = listing
        self._job = HashJob(screen, library, in_view, paused)

    def start(self) -> None:
        """Hash unhashed files, unless paused."""
        self._job.start()
        self._show_idle()

    def stop(self) -> None:
        """Stop hashing."""
        self._job.stop()

    def pause(self) -> None:
        """Pause or resume."""
        self._job.pause()
        self._show_idle()

    def go_on(self, event: Hashing) -> None:
        """Show the progress."""
        if self._job.paused:
            return
        words = self._job.words(event.progress, wide=self._screen.size.width >= _WIDE)
        self._screen.query_one(HeaderBar).show_task(words)
        self._screen.query_one(QueueList).show_hashing(event.progress.hashing)
        if event.finished:
            self._listing.refresh()

    def end(self, event: HashingEnded) -> None:
        """Show that hashing has ended, and the error if it failed."""
        self._show_idle()
        self._listing.hashed()
        if event.error:
            self._screen.query_one(StatusBar).warn(f"Hashing stopped: {event.error}")

    def _show_idle(self) -> None:
        self._screen.query_one(HeaderBar).show_task(self._job.idle_words())
        self._screen.query_one(QueueList).show_hashing(())
