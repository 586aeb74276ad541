"""The dialog that brings models in, from a folder or an old database: asks, shows progress, and reports the result."""

from __future__ import annotations

import asyncio
from enum import Enum
from functools import partial
from typing import TYPE_CHECKING

from textual import events, on, work
from textual.app import ComposeResult
from textual.containers import Horizontal, Vertical, VerticalScroll
from textual.content import Content
from textual.screen import ModalScreen
from textual.widgets import ContentSwitcher, Input, Static
from textual.worker import Worker, WorkerState

from core.domain.imports import ImportReport
from core.errors import SourceError
from tui.jobs.import_job import ImportEnded, ImportFailed, Importing, ImportJob, ImportOrder, Order, Report, ScanOrder
from tui.keys import KEYS
from tui.presenters.answer_keys import answer_keys
from tui.presenters.cell_text import wrap
from tui.presenters.import_report import report_lines, title
from tui.presenters.path_completion import images_beside, path_of, roots
from tui.presenters.scan_report import scan_report_lines, scan_title
from tui.screens.import_source import Proposal, choices, is_there, is_to_be_scanned, propose
from tui.theme.palette import GREY, RED
from tui.widgets.path_input import PathInput, PlainInput
from tui.widgets.report_view import ReportView

if TYPE_CHECKING:
    from core.library import Library

_CHOICES = 6
_CHOICES_LOW = 3  # on a screen lower than _LOW lines
_LOW = 24
_SENTENCE = 5  # lines that an error message may take
_FIELDS = {
    "source": ("From", "A folder of models, an extra_model_paths.yaml, or an old manager's database. It is only read."),
    "images": ("Images", "The folder of the database's images. Without it, only metadata is imported."),
    "roots": ("Paths", "Where an old folder is on this machine: OLD=NEW, several with a ; between spaces."),
}


class Phase(Enum):
    """The phase of the dialog; the values are the ids of the widgets shown for it."""

    ASKING = "asking"
    RUNNING = "running"
    DONE = "done"


_KEYS = {
    Phase.ASKING: (("⏎", "scan, or next"), ("tab", "complete"), ("esc", "close")),
    Phase.RUNNING: (("esc", "stop"),),
    Phase.DONE: (("⏎", "close"), ("j k", "scroll")),
}
_FILTER = ("/", "filter")


class ImportScreen(ModalScreen[Report | None]):
    """Returns the report of the import or scan, ``None`` if none was begun.

    One that failed after something came in returns an empty report.
    """

    BINDINGS = KEYS["import"]

    def __init__(self, library: Library) -> None:
        super().__init__()
        self._library = library
        self._job = ImportJob(self, library)
        self._phase = Phase.ASKING
        self._state: Importing | None = None
        self._answer: Report | None = None
        self._proposed = ""
        self._proposal: Proposal | None = None

    def compose(self) -> ComposeResult:
        with Vertical(classes="dialog", id="import"):
            yield Static("Bring models in", classes="title", id="import-title", markup=False)
            with ContentSwitcher(initial=Phase.ASKING.value):
                with Vertical(id=Phase.ASKING.value):
                    for field_id, (label, _) in _FIELDS.items():
                        with Horizontal(classes="field"):
                            yield Static(label, classes="label")
                            yield (
                                PlainInput(id=field_id)
                                if field_id == "roots"
                                else PathInput(id=field_id, folders_only=field_id == "images")
                            )
                    yield Static(id="hint", markup=False)
                yield Static(id=Phase.RUNNING.value, markup=False)
                yield ReportView(id=Phase.DONE.value)
            yield Static(id="trouble", markup=False)
            yield Static(id="import-keys", classes="answers", markup=False)

    def on_mount(self) -> None:
        if not self.children:  # Textual mounts nothing any more in an app that is being left
            return
        self._enter(Phase.ASKING)
        self._say("")
        self._line("source").focus()
        self._propose_source()

    def on_unmount(self) -> None:
        self._job.stop()

    def _enter(self, phase: Phase) -> None:
        self._phase = phase
        self.query_one(ContentSwitcher).current = phase.value
        offered = [*_KEYS[phase], *([_FILTER] if phase is Phase.DONE and self.query_one(ReportView).filterable else [])]
        self.query_one("#import-keys", Static).update(answer_keys(*offered))
        self.refresh_bindings()

    def _line(self, field_id: str) -> PlainInput:
        return self.query_one(f"#{field_id}", PlainInput)

    # Keys

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:  # noqa: ARG002
        """Return whether an action is available now."""
        if action == "line":
            return self._phase is Phase.ASKING
        return self._phase is Phase.DONE if action in ("done", "scroll") else True

    def action_leave(self) -> None:
        if self._phase is Phase.RUNNING:
            self._job.stop()
            self._show_progress()
        else:
            self.dismiss(self._answer)

    def action_done(self) -> None:
        self.dismiss(self._answer)

    def action_line(self, by: int) -> None:
        if by > 0:
            self.focus_next(Input)
        else:
            self.focus_previous(Input)

    def action_scroll(self, by: int) -> None:
        self.query_one(VerticalScroll).scroll_relative(y=by, animate=False)

    # Asking

    @on(events.DescendantFocus)
    def _line_entered(self, event: events.DescendantFocus) -> None:
        if event.widget.id in _FIELDS:
            self._hint(Content.styled(_FIELDS[event.widget.id][1], GREY))

    @on(events.DescendantBlur, "#source")
    def _source_left(self) -> None:
        self._propose_images()

    @on(Input.Changed)
    def _typed(self, event: Input.Changed) -> None:
        self._say("")
        if event.input.has_focus:
            self._hint(Content.styled(_FIELDS[event.input.id or ""][1], GREY))

    @on(PathInput.Completed)
    def _completed(self, event: PathInput.Completed) -> None:
        self._say("")
        most = _CHOICES if self.size.height >= _LOW else _CHOICES_LOW
        self._hint(choices(event.completion, self.query_one("#hint").size.width, most))

    @on(Input.Submitted)
    def _submitted(self, event: Input.Submitted) -> None:
        if event.input.id == "source":
            self._take_source()
        elif event.input.id == "images":
            self._line("roots").focus()
        else:
            self._take_source(then_start=True)

    @work(exclusive=True, group="installs", exit_on_error=False)
    async def _propose_source(self) -> None:
        """Show what an empty line stands for."""
        self._proposal = await asyncio.to_thread(propose, self._library)
        line = self._line("source")
        if self._proposal is not None and self._phase is Phase.ASKING and not line.value:
            self._hint(Content.styled(self._proposal.words, GREY))

    @work(exclusive=True, group="beside", exit_on_error=False)
    async def _take_source(self, *, then_start: bool = False) -> None:
        """Scan a folder at once; of a database, ask for the rest, or import it if that was asked already."""
        text = self._line("source").value
        if not text.strip() and self._proposal is None:
            self._refuse("Name a folder of models, or an old manager's database, first.", "source")
        elif not text.strip() and self._proposal is not None:
            self._run(ScanOrder(self._proposal.folders))
        elif not await asyncio.to_thread(is_there, path_of(text)):
            self._refuse(f"There is no file or folder {path_of(text)}.", "source")
        elif await asyncio.to_thread(is_to_be_scanned, path_of(text)):
            self._run(ScanOrder((path_of(text),)))
        elif then_start:
            self._start()
        else:
            self._propose_images(move_on=True)

    @work(exclusive=True, group="images", exit_on_error=False)
    async def _propose_images(self, move_on: bool = False) -> None:
        """Fill in the image folder beside the database, once, and only if none was typed."""
        found = await asyncio.to_thread(images_beside, self._line("source").value)
        images = self._line("images")
        if found and found != self._proposed and images.value in ("", self._proposed):
            self._proposed = images.value = found
        if move_on:
            images.focus()

    def _start(self) -> None:
        database, images = (self._line(field_id).value for field_id in ("source", "images"))
        try:
            path_map = roots(self._line("roots").value)
        except ValueError as error:
            self._refuse(str(error), "roots")
            return
        self._run(ImportOrder(path_of(database), path_of(images) if images.strip() else None, path_map))

    def _run(self, order: Order) -> None:
        self._say("")
        self._state = None
        self.set_focus(None)
        self._enter(Phase.RUNNING)
        self._job.start(order)
        self._show_progress()

    # Importing

    @on(Importing)
    def _importing(self, event: Importing) -> None:
        self._state = event
        self._show_progress()

    def _show_progress(self) -> None:
        shown = self.query_one(f"#{Phase.RUNNING.value}", Static)
        shown.update(self._job.words(self._state, self._width()))

    @on(ImportFailed)
    def _failed(self, event: ImportFailed) -> None:
        if self._state is not None:
            self._answer = ImportReport()
        self._refuse(str(event.error), "source" if isinstance(event.error, SourceError) else "images")

    @on(Worker.StateChanged)
    def _broke(self, event: Worker.StateChanged) -> None:
        if event.state is WorkerState.ERROR and event.worker.group == "import":
            self._answer = ImportReport()
            self._refuse(f"Something broke while importing: {event.worker.error}", "source")

    @on(ImportEnded)
    def _ended(self, event: ImportEnded) -> None:
        self._answer = report = event.report
        self.query_one("#import").set_class(bool(report.problems), "-large")
        view = self.query_one(ReportView)
        if isinstance(report, ImportReport):
            ended = title(report)
            view.show(lambda width, _: report_lines(report, event.reasons, width), filterable=False)
        else:
            ended = scan_title(report)
            view.show(partial(scan_report_lines, report), filterable=bool(report.problems))
        self.query_one("#import-title", Static).update(ended)
        self._enter(Phase.DONE)
        view.focus_report()

    # Messages

    def _width(self) -> int:
        return self.query_one("#import-title").size.width

    def _hint(self, words: Content) -> None:
        self.query_one("#hint", Static).update(words)

    def _say(self, words: str) -> None:
        trouble = self.query_one("#trouble", Static)
        trouble.display = bool(words)
        self.query_one("#hint").display = not words
        trouble.update(Content.styled("\n".join(wrap(f"✕ {words}", max(self._width(), 20), _SENTENCE)), RED))

    def _refuse(self, words: str, line: str) -> None:
        """Show an error, and go back to the field where it can be fixed."""
        self._enter(Phase.ASKING)
        self._say(words)
        self._line(line).focus()
