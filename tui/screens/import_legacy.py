"""The dialog that imports an old database: asks for it, shows progress, and reports the result."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from enum import Enum
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
from tui.jobs.import_job import ImportEnded, ImportFailed, Importing, ImportJob, ImportOrder
from tui.keys import KEYS
from tui.presenters.cell_text import fit, wrap
from tui.presenters.import_report import Reason, report_lines, title
from tui.presenters.path_completion import Completion, images_beside, path_of, roots
from tui.theme.palette import AMBER, GREY, RED, TEXT
from tui.widgets.path_input import PathInput, PlainInput

if TYPE_CHECKING:
    from core.library import Library

_CHOICES = 6
_CHOICES_LOW = 3  # on a screen lower than _LOW lines
_LOW = 24
_SENTENCE = 5  # lines that an error message may take
_FIELDS = {
    "database": ("Database", "The SQLite file of the old manager. It is only read."),
    "images": ("Images", "The folder of its images. Without it, only metadata is imported."),
    "roots": ("Paths", "Where an old folder is on this machine: OLD=NEW, several with a ; between spaces."),
}


class Phase(Enum):
    """The phase of the dialog; the values are the ids of the widgets shown for it."""

    ASKING = "asking"
    RUNNING = "running"
    DONE = "done"


_KEYS = {
    Phase.ASKING: (("⏎", "next, then import"), ("tab", "complete"), ("esc", "close")),
    Phase.RUNNING: (("esc", "stop"),),
    Phase.DONE: (("⏎", "close"), ("j k", "scroll")),
}


class ImportScreen(ModalScreen[ImportReport | None]):
    """Returns the report of the import, ``None`` if no import was begun.

    An import that failed after some rows were imported returns an empty report.
    """

    BINDINGS = KEYS["import"]

    def __init__(self, library: Library) -> None:
        super().__init__()
        self._job = ImportJob(self, library)
        self._phase = Phase.ASKING
        self._state: Importing | None = None
        self._answer: ImportReport | None = None
        self._reasons: Sequence[Reason] = ()
        self._proposed = ""

    def compose(self) -> ComposeResult:
        with Vertical(classes="dialog", id="import"):
            yield Static("Bring an old database in", classes="title", id="import-title", markup=False)
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
                with VerticalScroll(id=Phase.DONE.value):
                    yield Static(id="outcome", markup=False)
            yield Static(id="trouble", markup=False)
            yield Static(id="import-keys", classes="answers", markup=False)

    def on_mount(self) -> None:
        self._enter(Phase.ASKING)
        self._say("")
        self._line("database").focus()

    def on_unmount(self) -> None:
        self._job.stop()

    def _enter(self, phase: Phase) -> None:
        self._phase = phase
        self.query_one(ContentSwitcher).current = phase.value
        keys = [((key, f"bold {AMBER}"), (f" {words}   ", TEXT)) for key, words in _KEYS[phase]]
        self.query_one("#import-keys", Static).update(Content.assemble(*(part for pair in keys for part in pair)))
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

    @on(events.DescendantBlur, "#database")
    def _database_left(self) -> None:
        self._propose_images()

    @on(Input.Changed)
    def _typed(self, event: Input.Changed) -> None:
        self._say("")
        self._hint(Content.styled(_FIELDS[event.input.id or ""][1], GREY) if event.input.has_focus else None)

    @on(PathInput.Completed)
    def _completed(self, event: PathInput.Completed) -> None:
        self._say("")
        most = _CHOICES if self.size.height >= _LOW else _CHOICES_LOW
        self._hint(_choices(event.completion, self.query_one("#hint").size.width, most))

    @on(Input.Submitted)
    def _submitted(self, event: Input.Submitted) -> None:
        if event.input.id == "database":
            self._propose_images(move_on=True)
        elif event.input.id == "images":
            self._line("roots").focus()
        else:
            self._start()

    @work(exclusive=True, group="beside", exit_on_error=False)
    async def _propose_images(self, move_on: bool = False) -> None:
        """Fill in the image folder beside the database, once, and only if none was typed."""
        found = await asyncio.to_thread(images_beside, self._line("database").value)
        images = self._line("images")
        if found and found != self._proposed and images.value in ("", self._proposed):
            self._proposed = images.value = found
        if move_on:
            images.focus()

    def _start(self) -> None:
        database, images = (self._line(field_id).value for field_id in ("database", "images"))
        if not database.strip():
            self._refuse("Name the old database first.", "database")
            return
        try:
            path_map = roots(self._line("roots").value)
        except ValueError as error:
            self._refuse(str(error), "roots")
            return
        self._say("")
        self._state = None
        self.set_focus(None)
        self._enter(Phase.RUNNING)
        self._job.start(ImportOrder(path_of(database), path_of(images) if images.strip() else None, path_map))
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
        self._refuse(str(event.error), "database" if isinstance(event.error, SourceError) else "images")

    @on(Worker.StateChanged)
    def _broke(self, event: Worker.StateChanged) -> None:
        if event.state is WorkerState.ERROR and event.worker.group == "import":
            self._answer = ImportReport()
            self._refuse(f"Something broke while importing: {event.worker.error}", "database")

    @on(ImportEnded)
    def _ended(self, event: ImportEnded) -> None:
        self._answer, self._reasons = event.report, event.reasons
        self.query_one("#import-title", Static).update(title(event.report))
        self.query_one("#import").set_class(bool(event.report.problems), "-large")
        self._enter(Phase.DONE)
        self.query_one(VerticalScroll).focus()
        self._show_report()

    def on_resize(self) -> None:
        self.call_after_refresh(self._show_report)

    def _show_report(self) -> None:
        if self._phase is Phase.DONE and self._answer is not None:
            self.query_one("#outcome", Static).update(report_lines(self._answer, self._reasons, self._width() - 1))

    # Messages

    def _width(self) -> int:
        return self.query_one("#import-title").size.width

    def _hint(self, words: Content | None) -> None:
        if words is not None:
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


def _choices(completion: Completion, width: int, most: int) -> Content:
    """Return the first choices, one per line, and how many more there are."""
    if completion.problem:
        return Content.styled(completion.problem, AMBER)
    shown = completion.choices[:most]
    more = completion.total - len(shown)
    lines = [Content.styled(fit(name, width - 2), TEXT) for name in shown]
    return Content("\n").join([*lines, Content.styled(f"and {more:,} more", GREY)] if more else lines)
