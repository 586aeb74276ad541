"""The import under the cursor: its preview and its comparison, kept in sync with the list."""

from __future__ import annotations

from typing import TYPE_CHECKING

from textual.screen import Screen

from core.domain.enums import Strategy
from core.domain.records import Model, PendingImport, QueueRow
from core.errors import CuratorError
from tui.jobs.latest import LatestQuery
from tui.jobs.picture_cache import PictureCache, PictureLoader
from tui.presenters.plan_lines import Change, Span, field_lines, in_numbers, record_lines
from tui.queue_model.model import QueueModel
from tui.theme.palette import GREY, RED
from tui.widgets.plan.panel import ORDER, PlanPanel
from tui.widgets.preview import Preview

if TYPE_CHECKING:
    from core.library import Library
    from core.queue.queue import ImportPreview

_PATIENCE = 0.15  # seconds for which the previous comparison stays, so that moving on does not flicker
Question = tuple[int, Strategy | None]


class PreviewController:
    """Asks core about one import at a time, and passes the answers to the preview and the comparison."""

    def __init__(
        self,
        screen: Screen[None],
        library: Library,
        pictures: PictureCache,
        model: QueueModel,
    ) -> None:
        self._screen = screen
        self._pictures = pictures
        self._model = model
        self._looks = LatestQuery[Question, "ImportPreview | None"](
            screen,
            "look",
            lambda q, cancel: library.queue.preview(*q, cancel=cancel),
            self._show_look,
            self._look_failed,
        )
        self._fetching = PictureLoader(screen, pictures, lambda *made: screen.query_one(Preview).supply(*made))
        self._id: int | None = None
        self._peek: Strategy | None = None
        self.look: ImportPreview | None = None

    @property
    def _row(self) -> QueueRow | None:
        return self._model.row(self._id)

    @property
    def strategy(self) -> Strategy | None:
        """The current strategy: the one being previewed, else the decision, else None."""
        return self._peek or (self._row.decision if self._row else None)

    def show(self, row: QueueRow | None, failure: str) -> None:
        """Show another import, or the same one updated; ``failure`` is why its last promotion failed."""
        pending_id = row.id if row else None
        if pending_id != self._id:
            self._peek = None
        self._id = pending_id
        self._screen.query_one(Preview).show_row(row, failure, self._pictures.hidden(row) if row else "")
        if row is None:
            self.look = None
            self._screen.query_one(PlanPanel).clear()
            return
        self._ask()

    def peek(self) -> None:
        """Preview the next strategy, without deciding anything."""
        if self._row is None:
            return
        now = self.strategy or Strategy.MERGE
        self._peek = ORDER[(ORDER.index(now) + 1) % len(ORDER)]
        self._ask()

    def refresh(self) -> None:
        """Ask again: manual choices have changed that the row does not show."""
        self._ask()

    def unpeek(self) -> None:
        """Return to the decision."""
        self._peek = None

    def want_pictures(self) -> None:
        """Load the picture for the preview, then prefetch those it may show next."""
        preview = self._screen.query_one(Preview)
        near = preview.pictures_of(self._pictures.first_of(self._model.near()))
        self._fetching.want([preview.wanted] if preview.wanted else [], [*preview.prefetch_keys, *near])

    def _ask(self) -> None:
        if self._row is not None:
            question = (self._row.id, self.strategy)
            self._looks.ask(question)
            self._screen.set_timer(_PATIENCE, lambda: self._clear_unanswered(question))

    def _clear_unanswered(self, question: Question) -> None:
        if self._asked(question) and (self.look is None or self.look.row.id != question[0]):
            self._screen.query_one(PlanPanel).clear()

    def _asked(self, question: Question) -> bool:
        return self._row is not None and question == (self._row.id, self.strategy)

    def _show_look(self, question: Question, look: ImportPreview | None) -> None:
        if not self._asked(question) or look is None:
            return
        self.look = look
        existing = look.existing
        new_tags = look.plan.tags.added if look.plan and existing else ()
        preview = self._screen.query_one(Preview)
        preview.show_library(len(existing.images) if existing else None, new_tags)
        preview.show_generations(look.pending.generations)
        strategy = self.strategy
        pending, model = look.pending.record, existing.record if existing else None
        assert isinstance(pending, PendingImport)
        if look.plan is not None:
            lines = field_lines(look.plan, pending, model if isinstance(model, Model) else None, look.resolution)
            words = in_numbers(look.plan, pending)
        else:
            lines, words = record_lines(pending, Change.SHOWN), [_reason(look)]
        decided = strategy is not None and self._row is not None and strategy is self._row.decision
        self._screen.query_one(PlanPanel).show(strategy or Strategy.MERGE, decided, words, lines)

    def _look_failed(self, question: Question, error: CuratorError) -> None:
        if self._asked(question):
            self._screen.query_one(PlanPanel).show(question[1] or Strategy.MERGE, False, [(str(error), RED)], [])


def _reason(look: ImportPreview) -> Span:
    is_all = bool(look.row.damage) or (look.row.sha256 is None and look.reason != "not hashed yet")
    words = look.reason if is_all else f"{look.reason}, so it cannot be compared with the library"
    return words, RED if is_all else GREY
