"""What talks to the page of a browser: Textual's own, but it leaves as ``q`` does, with every decision stored."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from textual.drivers.web_driver import WebDriver

from tui.messages import TerminalLost


class PageDriver(WebDriver):
    """Has the app left when its page is closed, and also when whoever served the page is gone."""

    def on_meta(self, packet_type: str, payload: dict[str, object]) -> None:
        """Take what the server says of the page."""
        if packet_type == "quit":
            self._leave()
        else:
            super().on_meta(packet_type, payload)

    def run_input_thread(self) -> None:
        """Read what is typed until there is nobody to read from."""
        super().run_input_thread()
        if not self.exit_event.is_set():
            self._leave()

    def write(self, data: str) -> None:
        """Write to the page, where there still is one."""
        with self._leaving_without_page():
            super().write(data)

    def write_meta(self, data: dict[str, object]) -> None:
        """Tell the server something, where there still is one."""
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
