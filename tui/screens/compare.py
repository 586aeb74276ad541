"""The full-screen comparison: the images of both sides with what happens to each, and every field."""

from __future__ import annotations

from typing import TYPE_CHECKING

from textual import on
from textual.app import ComposeResult
from textual.containers import Horizontal
from textual.content import Content
from textual.screen import Screen
from textual.widgets import Static
from textual.worker import Worker, WorkerState

from core.domain.decision import Choice, Decision, strategy_of
from core.domain.enums import Side, Strategy
from core.domain.records import Model, PendingImport, Thumbnail
from core.errors import CuratorError
from core.text import format_size
from tui.jobs.latest import LatestQuery
from tui.jobs.picture_cache import PictureCache, PictureKey, PictureLoader
from tui.keys import KEYS
from tui.messages import SensitiveTurned
from tui.presenters.cell_text import cut
from tui.presenters.image_labels import incoming_labels, incoming_title, library_labels, library_title
from tui.presenters.plan_lines import Change, EditKind, Span, in_numbers, record_lines
from tui.presenters.resolution_lines import editable_lines, with_next_source
from tui.presenters.source_words import source_words
from tui.screens.queue.navigator import QueueNavigator, QueuePosition
from tui.theme.palette import BRIGHT, GREY, RED, TEXT, VIOLET
from tui.widgets.images.image_strip import ImageStrip
from tui.widgets.key_bar import KeyBar
from tui.widgets.plan.field_table import FieldTable
from tui.widgets.plan.panel import PlanLine, sentence, tabs

if TYPE_CHECKING:
    from core.library import Library
    from core.queue.queue import ImportPreview

Question = tuple[int, Choice]


class CompareScreen(Screen[None]):
    """Shows one import of the list at a time; decides as the list does, but stays on the decided import."""

    BINDINGS = KEYS["compare"]

    def __init__(self, library: Library, pictures: PictureCache, walk: QueueNavigator) -> None:
        super().__init__()
        self._library = library
        self._pictures = pictures
        self._walk = walk
        self._place: QueuePosition | None = None
        self._look: ImportPreview | None = None
        self._looks = LatestQuery[Question, "ImportPreview | None"](
            self, "compare", lambda q, cancel: library.queue.preview(*q, cancel), self._show_look, self._failed
        )
        self._fetching = PictureLoader(self, pictures, self._picture_came)

    def compose(self) -> ComposeResult:
        yield Static(id="head", markup=False)
        yield PlanLine(id="plan", markup=False)
        with Horizontal(id="strips"):
            yield ImageStrip("library", Side.EXISTING, self._pictures, id="theirs")
            yield ImageStrip("incoming", Side.PENDING, self._pictures, id="ours")
        yield FieldTable(id="fields")
        yield Static(id="sources", markup=False)
        yield KeyBar(id="keys")

    def on_mount(self) -> None:
        self._pictures.forget_library()  # another process may have changed it
        self.query_one(FieldTable).focus()
        self._ask()

    def action_decide(self, strategy: str) -> None:
        self._walk.decide(Strategy(strategy))
        self._ask()

    def action_clear(self) -> None:
        self._walk.decide(None)
        self._ask()

    def action_turn(self) -> None:
        """Switch the source of the line under the cursor; an undecided import becomes a merge."""
        line, look, place = self.query_one(FieldTable).current, self._look, self._place
        if line is None or line.target is None or look is None or look.plan is None or place is None:
            return
        before = place.choice.resolution if isinstance(place.choice, Decision) else look.resolution
        resolution = with_next_source(before, look.plan, line.target, look.pending.known)
        if resolution != before:
            self._walk.decide(Decision(strategy_of(place.choice) or Strategy.MERGE, resolution))
            self._ask()

    def action_step(self, by: int) -> None:
        self._walk.step(by)
        self._ask()

    def action_image(self, by: int) -> None:
        for strip in self.query(ImageStrip):
            strip.step(by)

    def action_view(self) -> None:
        from tui.screens.viewer import ViewerScreen  # noqa: PLC0415 - start-up

        self.app.push_screen(
            ViewerScreen(self._library, self._pictures, self._walk, two_up=True), lambda _: self._ask()
        )

    def action_back(self) -> None:
        self.dismiss(None)

    def _ask(self) -> None:
        self._place = self._walk.place()
        if self._place is None:
            self.dismiss(None)
        else:
            self._looks.ask((self._place.id, self._place.choice))

    def _asked(self, question: Question) -> bool:
        return self._place is not None and question == (self._place.id, self._place.choice)

    def _show_look(self, question: Question, look: ImportPreview | None) -> None:
        if not self._asked(question) or not self.is_attached:
            return
        self._look = look
        if look is None:
            self.query_one("#plan", Static).update(Content.styled("it has left the queue", GREY), layout=False)
            return
        record, existing = look.pending.record, look.existing.record if look.existing else None
        assert isinstance(record, PendingImport)
        model = existing if isinstance(existing, Model) else None
        self._show_head(look)
        theirs = look.existing.images if look.existing else ()
        hidden = self._pictures.hidden(look.row)
        self.query_one("#theirs", ImageStrip).show(
            library_title(model, len(theirs)), theirs, library_labels(theirs, look.plan), hidden
        )
        self.query_one("#ours", ImageStrip).show(
            incoming_title(look.plan, len(record.images)),
            look.pending.images,
            incoming_labels(record, look.plan),
            hidden,
        )
        fields = (
            editable_lines(look.plan, record, model, look.resolution)
            if look.plan
            else record_lines(record, Change.SHOWN)
        )
        self.query_one(FieldTable).show(fields, strategy_of(question[1]) or Strategy.MERGE)
        self._show_sources()

    @on(FieldTable.Moved)
    def _show_sources(self) -> None:
        """Show who states the value under the cursor; the line is there only for imports that a scan brought."""
        line, look = self.query_one(FieldTable).current, self._look
        shown = self.query_one("#sources", Static)
        shown.display = look is not None and bool(look.pending.known.sources)
        if look is not None and line is not None:
            path = line.target.path if line.target and line.target.part is EditKind.FIELD else (line.label,)
            words = source_words(look.pending.known, path, look.resolution.value(path))
            shown.update(sentence(words, self.size.width - 4), layout=False)

    def _show_head(self, look: ImportPreview) -> None:
        assert self._place is not None
        row, place = look.row, self._place
        width = self.size.width - 4
        facts: list[Span] = [
            (cut(row.name, max(width // 2, 10)), f"bold {BRIGHT}"),
            (f"{place.number:,} of {place.of:,}", GREY),
            (f"{row.sha256[:8]} {row.sha256[8:16]}" if row.sha256 else "not hashed yet", VIOLET),
            (format_size(row.size_bytes), TEXT),
            (row.type, TEXT),
            (row.state, GREY),
        ]
        self.query_one("#head", Static).update(sentence(facts, width), layout=False)
        record = look.pending.record
        assert isinstance(record, PendingImport)
        words = in_numbers(look.plan, record) if look.plan else [(look.reason, RED)]
        strategy = strategy_of(place.choice)
        shown = tabs(strategy or Strategy.MERGE, strategy is not None)
        room = width - len(shown.plain) - 3
        self.query_one("#plan", Static).update(Content.assemble(shown, "   ", sentence(words, room)), layout=False)

    def _failed(self, question: Question, error: CuratorError) -> None:
        if self._asked(question):
            self.query_one("#plan", Static).update(Content.styled(cut(error, 400), RED), layout=False)

    @on(ImageStrip.PicturesWanted)
    def _pictures_wanted(self) -> None:
        strips = [self.query_one("#ours", ImageStrip), self.query_one("#theirs", ImageStrip)]
        near = strips[0].pictures_of(self._pictures.first_of(self._walk.near()))
        ahead = [key for strip in strips for key in strip.prefetch_keys]
        self._fetching.want([key for strip in strips for key in strip.wanted], ahead + near)

    @on(SensitiveTurned)
    def _sensitive_turned(self) -> None:
        self._ask()

    def _picture_came(self, key: PictureKey, picture: Thumbnail | str) -> None:
        for strip in self.query(ImageStrip):
            strip.supply(key, picture)

    @on(Worker.StateChanged)
    def _worker_failed(self, event: Worker.StateChanged) -> None:
        if event.state is WorkerState.ERROR:
            words = f"Something broke while working ({event.worker.group}): {event.worker.error}"
            self.query_one("#plan", Static).update(Content.styled(cut(words, 400), RED), layout=False)
