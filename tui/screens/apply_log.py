"""The log of applied decisions, line by line; it grows while applying."""

from __future__ import annotations

from textual.app import ComposeResult
from textual.containers import Vertical, VerticalScroll
from textual.content import Content
from textual.screen import ModalScreen
from textual.widgets import Static

from tui.jobs.apply_job import ApplyJob
from tui.keys import KEYS
from tui.widgets.answers import Answers

_LOOK_AGAIN = 0.3


class LogScreen(ModalScreen[None]):
    """Shows the newest outcomes last, and follows them while scrolled to the end."""

    BINDINGS = KEYS["log"]

    def __init__(self, job: ApplyJob) -> None:
        super().__init__()
        self._job = job
        self._shown = 0

    def compose(self) -> ComposeResult:
        with Vertical(classes="dialog -large"):
            yield Static("What was applied", classes="title")
            with VerticalScroll(id="log"):
                yield Static(id="lines", markup=False)
            yield Answers(("log.close", "close"), ("log.stop", "stop"))

    def on_mount(self) -> None:
        self._show()
        self.set_interval(_LOOK_AGAIN, self._show)

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:  # noqa: ARG002
        """Return whether an action is available now."""
        return self._job.running if action == "stop" else True

    def action_stop(self) -> None:
        self._job.stop()

    def action_scroll(self, by: int) -> None:
        self.query_one("#log", VerticalScroll).scroll_relative(y=by, animate=False)

    def _show(self) -> None:
        self.query_one(Answers).refresh()
        if len(self._job.log) == self._shown:
            return
        self._shown = len(self._job.log)
        scroll = self.query_one("#log", VerticalScroll)
        at_end = scroll.is_vertical_scroll_end
        self.query_one("#lines", Static).update(Content("\n").join(line.content() for line in self._job.log))
        if at_end:
            scroll.scroll_end(animate=False)
