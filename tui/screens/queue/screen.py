"""The main screen: the queue, the import under the cursor, and its plan."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from textual import on, work
from textual.app import ComposeResult
from textual.containers import Horizontal
from textual.screen import Screen
from textual.worker import Worker, WorkerState

from core.domain.enums import Strategy
from core.domain.records import QueueRow
from core.locks.waiting import describe
from tui.jobs.picture_cache import PictureCache
from tui.keys import KEYS
from tui.messages import ApplyEnded, Applying, Hashing, HashingEnded, Promoted, SensitiveTurned, Waiting
from tui.queue_model.model import Part, QueueModel
from tui.screens.queue.apply_controller import ApplyController
from tui.screens.queue.bulk_controller import BulkController, BulkDialog
from tui.screens.queue.decision_controller import DecisionController
from tui.screens.queue.hashing_controller import HashingController
from tui.screens.queue.import_controller import ImportController
from tui.screens.queue.list_controller import ListController
from tui.screens.queue.mark_controller import MarkController
from tui.screens.queue.preview_controller import PreviewController
from tui.screens.queue.session_controller import SessionController, Start
from tui.widgets.filter_bar import FilterBar, FilterInput
from tui.widgets.header import HeaderBar
from tui.widgets.key_bar import KeyBar
from tui.widgets.plan.panel import PlanPanel
from tui.widgets.preview import Preview
from tui.widgets.queue_list.queue_list import QueueList
from tui.widgets.status_bar import StatusBar

if TYPE_CHECKING:
    from core.library import Library


_ON_A_ROW = frozenset(
    ("decide", "clear", "mark", "undecided", "image", "peek", "compare", "view", "suggest", "bulk", "same")
)


class QueueScreen(Screen[None]):
    """Owns the state of the queue; calls core only in threads."""

    BINDINGS = KEYS["queue"]

    def __init__(
        self,
        library: Library,
        pictures: PictureCache,
        warnings: Sequence[str] = (),
        *,
        hash_ahead: bool = True,
        start: Start = Start.PLAIN,
    ) -> None:
        super().__init__()
        self._warnings = [*warnings, *filter(None, [library.warning])]
        self._library = library
        self.model = model = QueueModel()
        self._pictures = pictures
        self._in_view: Sequence[int] = ()
        self._shown: tuple[QueueRow | None, str] = (None, "")
        self._listing = ListController(self, library, model, self._show_current)
        self._detail = PreviewController(self, library, pictures, model)
        self._hashing = HashingController(self, library, self._listing, lambda: self._in_view, paused=not hash_ahead)
        self._importing = ImportController(self, library, self._listing, self._hashing)
        self._marking = MarkController(self, model, self._listing)
        self._promoting = ApplyController(self, library, model, self._listing)
        self._deciding = DecisionController(self, model, self._listing, self._promoting, self._detail)
        self._bulk = BulkController(self, library, model, self._listing, self._deciding)
        self._resuming = SessionController(library.root, self._listing, on=start is not Start.PLAIN)
        self._start = start
        model.watch(Part.DECISIONS | Part.FAILURES, self._show_current)

    def compose(self) -> ComposeResult:
        yield HeaderBar(self._library.root, self.model, id="top")
        yield FilterBar(id="filter")
        with Horizontal(id="main"):
            yield QueueList(self.model, id="list")
            yield Preview(self._pictures, id="preview")
        yield StatusBar(id="status")
        yield PlanPanel(id="comparison")
        yield KeyBar(id="keys")

    def on_mount(self) -> None:
        self.query_one(QueueList).focus()
        self._begin()
        self._library.on_wait(lambda holder: self.post_message(Waiting(holder)))
        if self._warnings:
            self.query_one(StatusBar).warn_of(self._warnings)
        elif self._library.recovered:
            self.query_one(StatusBar).say("An interrupted operation was finished.")

    def on_unmount(self) -> None:
        self._stop_jobs()

    @work(group="session", exit_on_error=False)
    async def _begin(self) -> None:
        if (told := await self._resuming.begin()) and not self.query_one(StatusBar).words:
            self.query_one(StatusBar).warn(told)
        await self._listing.first_rows_shown.wait()
        self._hashing.start()
        if self._start is Start.FIRST and not self._importing.left:
            self.action_bring_in()

    async def settle(self) -> str:
        """Prepare to quit: store decisions, and stop everything else. Returns messages about it."""
        self._stop_jobs()
        await self._listing.decisions.settled()
        told = [await self._promoting.settled(), await self._resuming.keep()]
        return "\n".join(filter(None, told))

    def _stop_jobs(self) -> None:
        self._hashing.stop()
        self._promoting.leave()
        self._importing.leave()
        self._listing.stop()

    # Actions

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:  # noqa: ARG002
        """Return whether an action is available now."""
        if action in _ON_A_ROW:
            return self.model.listed.current is not None
        if action == "filter":
            return not isinstance(self.focused, FilterInput)
        if action == "stop":
            return self._promoting.job.running
        return bool(self._promoting.job.log) if action == "log" else True

    def action_decide(self, strategy: str) -> None:
        self._deciding.decide(Strategy(strategy))

    def action_clear(self) -> None:
        self._deciding.decide(None)

    @work(group="suggest", exit_on_error=False)
    async def action_suggest(self) -> None:
        await self._deciding.take_suggested()

    @work(group="bulk", exit_on_error=False)
    async def action_bulk(self, dialog: str) -> None:
        await self._bulk.open(BulkDialog(dialog))
        self._detail.refresh()

    @on(QueueList.Opened)
    @work(group="compare", exit_on_error=False)
    async def action_compare(self) -> None:
        """Show the full comparison; manual choices made there are shown here once they are stored."""
        from tui.screens.compare import CompareScreen  # noqa: PLC0415 - start-up

        await self.app.push_screen_wait(CompareScreen(self._library, self._pictures, self._deciding.walk()))
        await self._listing.decisions.settled()
        self._detail.refresh()

    def action_view(self) -> None:
        from tui.screens.viewer import ViewerScreen  # noqa: PLC0415 - start-up

        self.app.push_screen(ViewerScreen(self._library, self._pictures, self._deciding.walk()))

    def action_mark(self, which: str) -> None:
        self._marking.mark(which)

    def action_undecided(self, by: int) -> None:
        self._marking.to_undecided(by)

    def action_image(self, by: int) -> None:
        self.query_one(Preview).step(by)

    def action_peek(self) -> None:
        self._detail.peek()

    def action_reload(self) -> None:
        self._importing.reload()

    def action_same(self) -> None:
        if words := self._listing.show_same():
            self.query_one(StatusBar).say(words)

    def action_filter(self) -> None:
        self.query_one(FilterBar).open()

    def action_escape(self) -> None:
        self._marking.escape()

    def action_pause_hashing(self) -> None:
        self._hashing.pause()

    @work(group="summary", exit_on_error=False)
    async def action_apply(self) -> None:
        if not self._deciding.is_taking():
            await self._promoting.apply()

    def action_stop(self) -> None:
        self._promoting.job.stop()

    def action_log(self) -> None:
        from tui.screens.apply_log import LogScreen  # noqa: PLC0415 - start-up

        self.app.push_screen(LogScreen(self._promoting.job))

    @work(group="undo", exit_on_error=False)
    async def action_undo(self) -> None:
        await self._promoting.undo()
        self._detail.refresh()

    @work(group="undo", exit_on_error=False)
    async def action_history(self) -> None:
        await self._promoting.history()
        self._detail.refresh()

    @work(group="importing", exit_on_error=False)
    async def action_bring_in(self) -> None:
        await self._importing.bring_in()

    @work(group="relinking", exclusive=True, exit_on_error=False)
    async def action_relink(self) -> None:
        await self._importing.relink()

    # Messages

    @on(QueueList.Moved)
    def _moved(self) -> None:
        self._show_current()
        self._listing.suggest()

    @on(QueueList.RowsWanted)
    def _rows_wanted(self, event: QueueList.RowsWanted) -> None:
        self._in_view = self.query_one(QueueList).in_view()
        self._listing.want_rows(event.generation, event.ids)

    def _show_current(self) -> None:
        """Show the import under the cursor if it is another one or has changed."""
        row, listed = self.model.current_row, self.model.listed
        self.query_one(Preview).show_suggestion(self._listing.suggesting.of(listed.current))
        shown = row, self.model.failures.get(row.id, "") if row else ""
        if shown != self._shown and (row or not listed.ids):
            self._shown = shown
            self._detail.show(*shown)
            self.refresh_bindings()

    @on(Preview.PictureWanted)
    def _picture_wanted(self) -> None:
        self._detail.want_pictures()

    @on(SensitiveTurned)
    def _sensitive_turned(self, event: SensitiveTurned) -> None:
        self._detail.show(*self._shown)
        self.query_one(StatusBar).say(event.words)

    @on(FilterBar.Changed)
    def _filter_changed(self, event: FilterBar.Changed) -> None:
        self._listing.typed(event.words)

    @on(FilterBar.Left)
    def _filter_left(self) -> None:
        self.query_one(FilterBar).close()
        self.query_one(QueueList).focus()

    @on(Hashing)
    def _hashing_on(self, event: Hashing) -> None:
        self._hashing.go_on(event)

    @on(HashingEnded)
    def _hashing_ended(self, event: HashingEnded) -> None:
        self._hashing.end(event)

    @on(Applying)
    def _applying_on(self, event: Applying) -> None:
        self._promoting.go_on(event)

    @on(Promoted)
    def _promoted(self, event: Promoted) -> None:
        if event.outcome.sha256:
            self._pictures.forget_library(event.outcome.sha256)
        self._promoting.came(event)

    @on(ApplyEnded)
    def _apply_ended(self, event: ApplyEnded) -> None:
        self._promoting.end(event)

    @on(Waiting)
    def _waiting(self, event: Waiting) -> None:
        self.query_one(StatusBar).say(f"Waiting: {describe(event.holder)} has locked the library.")

    @on(Worker.StateChanged)
    def _worker_failed(self, event: Worker.StateChanged) -> None:
        if event.state is not WorkerState.ERROR:
            return
        self.query_one(StatusBar).broke(event.worker.group, event.worker.error)
        if event.worker.group == "apply":
            self._promoting.job.running = False
            self.refresh_bindings()
