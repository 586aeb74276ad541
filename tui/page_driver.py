"""What talks to the page of a browser: Textual's own, but it leaves as ``q`` does, with every decision stored."""

from __future__ import annotations

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

    def _leave(self) -> None:
        self.send_message(TerminalLost())
