"""The queue: where a curator lives. The list, the import under the cursor, and what would become of it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, ClassVar

from textual import on, work
from textual.app import ComposeResult
from textual.binding import BindingType
from textual.containers import Horizontal
from textual.content import Content
from textual.screen import Screen
from textual.worker import Worker, WorkerState

from core.errors import CuratorError
from core.records import QueueRow, Strategy
from tui.hashing import HashJob
from tui.keys import QUEUE_KEYS
from tui.messages import ApplyEnded, Applying, Hashing, HashingEnded, Promoted, Waiting
from tui.screens.deciding import Deciding
from tui.screens.detail import Detail
from tui.screens.listing import Listing
from tui.screens.promoting import Promoting
from tui.widgets.comparison import Comparison
from tui.widgets.filter_line import FilterLine
from tui.widgets.key_line import KeyLine
from tui.widgets.pending_list import PendingList
from tui.widgets.preview import Preview
from tui.widgets.status_line import StatusLine
from tui.widgets.top_line import TopLine

if TYPE_CHECKING:
    from core.library import Library


class QueueScreen(Screen[None]):
    """Owns what the curator works on; every question to core is asked in a thread."""

    BINDINGS: ClassVar[list[BindingType]] = QUEUE_KEYS

    def __init__(self, library: Library) -> None:
        super().__init__()
        self._library = library
        self._ready = False
        self._in_view: Sequence[int] = ()
        self._shown: tuple[QueueRow | None, str] = (None, "")

    def compose(self) -> ComposeResult:
        yield TopLine(self._library.root, id="top")
        yield FilterLine(id="filter")
        with Horizontal(id="main"):
            yield PendingList(id="list")
            yield Preview(id="preview")
        yield StatusLine(id="status")
        yield Comparison(id="comparison")
        yield KeyLine(id="keys")

    def on_mount(self) -> None:
        self._listing = Listing(self, self._library, self._show_current, self._show_error)
        self._detail = Detail(self, self._library)
        self._hashing = HashJob(self, self._library, lambda: self._in_view)
        self._promoting = Promoting(self, self._library, self._listing, self._show_current)
        self._deciding = Deciding(self, self._listing, self._promoting, self._detail, self._show_current)
        self.query_one(PendingList).focus()
        self._ready = True
        self._listing.load()
        self._hashing.start()
        self._library.on_wait(self._tell_waiting)
        if self._library.warning:
            self.query_one(StatusLine).warn(self._library.warning)
        elif self._library.recovered:
            self.query_one(StatusLine).say("An operation that was left open is finished now.")

    def on_unmount(self) -> None:
        self._stop_jobs()

    async def settle(self) -> None:
        """Get ready to leave: decisions are stored, nothing else goes on."""
        self._stop_jobs()
        await self._listing.decisions.settled()

    def _stop_jobs(self) -> None:
        self._hashing.stop()
        self._promoting.job.stop()
        self._listing.stop()

    # The list tells

    @on(PendingList.Moved)
    def _moved(self) -> None:
        self._show_current()
        self._listing.suggest()

    @on(PendingList.RowsWanted)
    def _rows_wanted(self, event: PendingList.RowsWanted) -> None:
        self._in_view = self.query_one(PendingList).in_view()
        self._listing.want_rows(event.generation, event.ids)

    def _show_current(self) -> None:
        """Show the import under the cursor, where it is another or has changed."""
        listed = self.query_one(PendingList)
        row = listed.row(listed.current)
        self.query_one(Preview).show_suggestion(self._listing.suggesting.of(listed.current))
        shown = row, self._promoting.failures.get(row.id, "") if row else ""
        if shown != self._shown and (row or not listed.ids):
            self._shown = shown
            self._detail.show(*shown)
            self.refresh_bindings()

    @on(Preview.PictureWanted)
    def _picture_wanted(self, event: Preview.PictureWanted) -> None:
        self._detail.want_picture(event.key)

    # Keys

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:  # noqa: ARG002
        """Tell which keys there are at this moment."""
        if not self._ready:
            return action not in ("stop", "log")
        if action in ("decide", "clear", "mark", "mark_all", "image", "peek", "compare", "view", "suggest"):
            return self.query_one(PendingList).current is not None
        if action == "filter":
            return not self.query_one(FilterLine).has_focus_within
        if action == "stop":
            return self._promoting.job.running
        if action == "log":
            return bool(self._promoting.job.log)
        return True

    def action_decide(self, strategy: str) -> None:
        self._deciding.decide(Strategy(strategy))

    def action_clear(self) -> None:
        self._deciding.decide(None)

    @work(group="suggest", exit_on_error=False)
    async def action_suggest(self) -> None:
        await self._deciding.take_suggested()

    def action_compare(self) -> None:
        from tui.screens.compare import CompareScreen

        self.app.push_screen(CompareScreen(self._library, self._deciding.walk()))

    def action_view(self) -> None:
        from tui.screens.viewer import ViewerScreen

        self.app.push_screen(ViewerScreen(self._library, self._deciding.walk()))

    def action_mark(self) -> None:
        self.query_one(PendingList).toggle_mark()

    def action_mark_all(self) -> None:
        self.query_one(PendingList).mark_all()

    def action_image(self, by: int) -> None:
        self.query_one(Preview).step(by)

    def action_peek(self) -> None:
        self._detail.peek()

    def action_reload(self) -> None:
        self._listing.load()
        self._listing.refresh()

    def action_filter(self) -> None:
        self.query_one(FilterLine).open()

    def action_escape(self) -> None:
        words = self.query_one(FilterLine)
        if words.words:
            words.clear()
        elif self.query_one(PendingList).marked:
            self.query_one(PendingList).clear_marks()
        else:
            self.query_one(StatusLine).say("")

    @on(FilterLine.Changed)
    def _filter_changed(self, event: FilterLine.Changed) -> None:
        self._listing.filter(event.words)

    @on(FilterLine.Left)
    def _filter_left(self) -> None:
        self.query_one(FilterLine).close()
        self.query_one(PendingList).focus()

    # Hashing

    @on(Hashing)
    def _hashing_on(self, event: Hashing) -> None:
        words = self._hashing.words(event.progress, wide=self.size.width >= 110)
        self.query_one(TopLine).show_task(words)
        self.query_one(PendingList).show_hashing(event.progress.hashing)
        if event.finished:
            self._listing.refresh()

    @on(HashingEnded)
    def _hashing_ended(self, event: HashingEnded) -> None:
        self.query_one(TopLine).show_task(Content(""))
        self.query_one(PendingList).show_hashing(())
        self._listing.refresh()
        if event.error:
            self.query_one(StatusLine).warn(f"Hashing stopped: {event.error}")

    # Applying, and taking back

    @work(group="summary", exit_on_error=False)
    async def action_apply(self) -> None:
        await self._promoting.apply()

    def action_stop(self) -> None:
        self._promoting.job.stop()

    def action_log(self) -> None:
        from tui.screens.apply import LogScreen

        self.app.push_screen(LogScreen(self._promoting.job))

    @work(group="undo", exit_on_error=False)
    async def action_undo(self) -> None:
        await self._promoting.undo()

    @work(group="undo", exit_on_error=False)
    async def action_history(self) -> None:
        await self._promoting.history()

    @work(group="importing", exit_on_error=False)
    async def action_import_old(self) -> None:
        """Bring an old database in, then show and hash what came."""
        from tui.screens.import_old import ImportScreen

        if await self.app.push_screen_wait(ImportScreen(self._library)) is not None:
            self.action_reload()
            self._hashing.start()

    @on(Applying)
    def _applying_on(self, event: Applying) -> None:
        self._promoting.go_on(event)

    @on(Promoted)
    def _promoted(self, event: Promoted) -> None:
        self._promoting.came(event)

    @on(ApplyEnded)
    def _apply_ended(self, event: ApplyEnded) -> None:
        self._promoting.end(event)

    # What goes wrong

    def _tell_waiting(self) -> None:
        self.post_message(Waiting())

    @on(Waiting)
    def _waiting(self) -> None:
        self.query_one(StatusLine).say("Waiting: another process is writing to the library.")

    def _show_error(self, error: CuratorError) -> None:
        self.query_one(StatusLine).warn(str(error))

    @on(Worker.StateChanged)
    def _worker_failed(self, event: Worker.StateChanged) -> None:
        if event.state is not WorkerState.ERROR:
            return
        self.query_one(StatusLine).warn(f"Something broke while working ({event.worker.group}): {event.worker.error}")
        if event.worker.group == "apply":
            self._promoting.job.running = False
            self.refresh_bindings()
