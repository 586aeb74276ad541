"""The comparison in full height: the images of both sides with what becomes of each, and every field."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

from textual import on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Horizontal
from textual.content import Content
from textual.screen import Screen
from textual.widgets import Static
from textual.worker import Worker, WorkerState

from core.display import size
from core.errors import CuratorError
from core.picks import Picks, Side
from core.records import Model, PendingImport, Picture, Strategy
from tui.by_hand import turnable_lines, turned
from tui.image_text import incoming_fates, incoming_title, library_fates, library_title
from tui.latest import Latest
from tui.messages import SensitiveTurned
from tui.palette import BRIGHT, GREY, RED, TEXT, VIOLET
from tui.pictures_at_hand import Fetching, PictureKey, PicturesAtHand
from tui.plan_text import Change, Piece, in_numbers, record_lines
from tui.walk import Place, Walk
from tui.widgets.cells import cut
from tui.widgets.comparison import PlanLine, sentence, tabs
from tui.widgets.field_table import FieldTable
from tui.widgets.image_strip import ImageStrip
from tui.widgets.key_line import KeyLine

if TYPE_CHECKING:
    from core.library import Library
    from core.queue import Look

Question = tuple[int, Strategy | None, Picks | None]


class CompareScreen(Screen[None]):
    """Shows one import of the list at a time; decides like the list does, and stays on what was decided."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("m", "decide('merge')", "merge", id="compare.merge", tooltip="Keep the library's, fill its gaps"),
        Binding("o", "decide('override')", "override", id="compare.override", tooltip="Take all from the import"),
        Binding("d", "decide('delete')", "delete", id="compare.delete", tooltip="Drop the import"),
        Binding("s", "decide('skip')", "skip", id="compare.skip", tooltip="Leave it in the queue as it is"),
        Binding("enter", "turn", "turn", id="compare.turn", key_display="⏎", tooltip="Take the other side, or both"),
        Binding("c", "clear", "clear", id="compare.clear", show=False, tooltip="Take the decision back"),
        Binding("J", "step(1)", "import", id="compare.next", key_display="J K", tooltip="The next import"),
        Binding("K", "step(-1)", "import", id="compare.before", show=False, tooltip="The import before"),
        Binding("l,right", "image(1)", "image", id="compare.image_next", key_display="h l", tooltip="On in the images"),
        Binding("h,left", "image(-1)", "image", id="compare.image_before", show=False, tooltip="Back in the images"),
        Binding("v", "view", "view", id="compare.view", tooltip="Both sides' images as large as can be"),
        Binding("escape,q", "back", "list", id="compare.back", key_display="esc", tooltip="Back to the list"),
    ]

    def __init__(self, library: Library, pictures: PicturesAtHand, walk: Walk) -> None:
        super().__init__()
        self._library = library
        self._pictures = pictures
        self._walk = walk
        self._place: Place | None = None
        self._look: Look | None = None
        self._looks = Latest[Question, "Look | None"](
            self, "compare", lambda q: library.queue.look(*q), self._show_look, self._failed
        )
        self._fetching = Fetching(self, pictures, self._picture_came)

    def compose(self) -> ComposeResult:
        yield Static(id="head", markup=False)
        yield PlanLine(id="plan", markup=False)
        with Horizontal(id="strips"):
            yield ImageStrip("library", Side.EXISTING, self._pictures, id="theirs")
            yield ImageStrip("incoming", Side.PENDING, self._pictures, id="ours")
        yield FieldTable(id="fields")
        yield KeyLine(id="keys")

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
        """Pick by hand at the line under the cursor; what is not decided yet is a merge then."""
        line, look, place = self.query_one(FieldTable).current, self._look, self._place
        if line is None or line.target is None or look is None or look.plan is None or place is None:
            return
        record = look.pending.record
        assert isinstance(record, PendingImport)
        before = record.picks if place.picks is None else place.picks
        picks = turned(before, look.plan, line.target)
        if picks != before:
            self._walk.pick(place.decision or Strategy.MERGE, picks)
            self._ask()

    def action_step(self, by: int) -> None:
        self._walk.step(by)
        self._ask()

    def action_image(self, by: int) -> None:
        for strip in self.query(ImageStrip):
            strip.step(by)

    def action_view(self) -> None:
        from tui.screens.viewer import ViewerScreen

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
            self._looks.ask((self._place.id, self._place.decision, self._place.picks))

    def _asked(self, question: Question) -> bool:
        return self._place is not None and question == (self._place.id, self._place.decision, self._place.picks)

    def _show_look(self, question: Question, look: Look | None) -> None:
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
            library_title(model, len(theirs)), theirs, library_fates(theirs, look.plan), hidden
        )
        self.query_one("#ours", ImageStrip).show(
            incoming_title(look.plan, len(record.images)),
            look.pending.images,
            incoming_fates(record, look.plan),
            hidden,
        )
        fields = turnable_lines(look.plan, record, model) if look.plan else record_lines(record, Change.SHOWN)
        self.query_one(FieldTable).show(fields, question[1] or Strategy.MERGE)

    def _show_head(self, look: Look) -> None:
        assert self._place is not None
        row, place = look.row, self._place
        width = self.size.width - 4
        facts: list[Piece] = [
            (cut(row.name, max(width // 2, 10)), f"bold {BRIGHT}"),
            (f"{place.number:,} of {place.of:,}", GREY),
            (f"{row.sha256[:8]} {row.sha256[8:16]}" if row.sha256 else "not hashed yet", VIOLET),
            (size(row.size_bytes), TEXT),
            (row.type, TEXT),
            (row.state, GREY),
        ]
        self.query_one("#head", Static).update(sentence(facts, width), layout=False)
        record = look.pending.record
        assert isinstance(record, PendingImport)
        words = in_numbers(look.plan, record) if look.plan else [(look.reason, RED)]
        strategy = place.decision
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
        ahead = [key for strip in strips for key in strip.beyond]
        self._fetching.want([key for strip in strips for key in strip.wanted], ahead + near)

    @on(SensitiveTurned)
    def _sensitive_turned(self) -> None:
        self._ask()

    def _picture_came(self, key: PictureKey, picture: Picture | str) -> None:
        for strip in self.query(ImageStrip):
            strip.supply(key, picture)

    @on(Worker.StateChanged)
    def _worker_failed(self, event: Worker.StateChanged) -> None:
        if event.state is WorkerState.ERROR:
            words = f"Something broke while working ({event.worker.group}): {event.worker.error}"
            self.query_one("#plan", Static).update(Content.styled(cut(words, 400), RED), layout=False)
