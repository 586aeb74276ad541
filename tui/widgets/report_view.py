"""The report of a scan or an import, which scrolls; what a scan complains of can be narrowed down by words."""

from __future__ import annotations

from collections.abc import Callable

from textual import on
from textual.app import ComposeResult
from textual.containers import Vertical, VerticalScroll
from textual.content import Content
from textual.widgets import Input, Static

from tui.keys import KEYS
from tui.textual_compat import after_refresh
from tui.widgets.path_input import PlainInput

Report = Callable[[int, str], Content]
"""Makes the lines of a report, from its width in cells and the words that are looked for."""


class ReportFilter(PlainInput):
    """The words that are looked for; leaving it keeps them, clearing it shows everything again."""

    BINDINGS = KEYS["report filter"]

    def action_leave(self) -> None:
        self.screen.set_focus(self.screen.query_one(VerticalScroll))
        self.display = bool(self.value)

    def action_clear(self) -> None:
        self.value = ""
        self.action_leave()


class ReportView(Vertical):
    """Shows a report as wide as it is; ``filterable`` says whether words narrow it down."""

    BINDINGS = KEYS["report"]

    def __init__(self, *, id: str) -> None:
        super().__init__(id=id)
        self._report: Report | None = None
        self.filterable = False

    def compose(self) -> ComposeResult:
        with VerticalScroll():
            yield Static(id="outcome", markup=False)
        yield ReportFilter(id="report-filter")

    def on_mount(self) -> None:
        """Hide the filter until it is asked for."""
        self.query_one(ReportFilter).display = False

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:  # noqa: ARG002
        """Return whether an action is available now."""
        return self.filterable if action == "filter" else True

    def show(self, report: Report, *, filterable: bool) -> None:
        """Show a report."""
        self._report, self.filterable = report, filterable
        self._draw()

    def focus_report(self) -> None:
        """Let keys scroll the report."""
        self.query_one(VerticalScroll).focus()

    def on_resize(self) -> None:
        """Wrap the lines anew."""
        after_refresh(self, self._draw)

    def _draw(self) -> None:
        width = self.query_one(VerticalScroll).scrollable_content_region.width
        if self._report is not None and width:  # without a width it is not laid out yet, and is drawn once it is
            self.query_one("#outcome", Static).update(self._report(width, self.query_one(ReportFilter).value))

    def action_filter(self) -> None:
        words = self.query_one(ReportFilter)
        words.display = True
        words.focus()

    @on(Input.Changed)
    def _typed(self, event: Input.Changed) -> None:
        event.stop()
        self.query_one(VerticalScroll).scroll_home(animate=False)
        self._draw()

    @on(Input.Submitted)
    def _submitted(self, event: Input.Submitted) -> None:
        event.stop()
        self.query_one(ReportFilter).action_leave()
