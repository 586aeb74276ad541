"""Textual's driver for browser pages, except that it quits as ``q`` does, with every decision stored."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from textual.drivers.web_driver import WebDriver

from tui.messages import TerminalLost


class PageDriver(WebDriver):
    """Makes the app quit when its page is closed, or when the server is gone."""

    def on_meta(self, packet_type: str, payload: dict[str, object]) -> None:
        """Handle a message from the server about the page."""
        if packet_type == "quit":
            self._leave()
        else:
            super().on_meta(packet_type, payload)

    def run_input_thread(self) -> None:
        """Read input; if it ends, quit the app."""
        super().run_input_thread()
        if not self.exit_event.is_set():
            self._leave()

    def write(self, data: str) -> None:
        """Write to the page; if it is gone, quit the app."""
        with self._leaving_without_page():
            super().write(data)

    def write_meta(self, data: dict[str, object]) -> None:
        """Send a message to the server; if it is gone, quit the app."""
        with self._leaving_without_page():
            super().write_meta(data)

    @contextmanager
    def _leaving_without_page(self) -> Iterator[None]:
        try:
            yield
        except OSError:
            self._leave()

    def _leave(self) -> None:
        self.send_message(TerminalLost())
