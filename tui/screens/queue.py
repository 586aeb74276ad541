"""The queue: where a curator lives. The list, the import under the cursor, and what would become of it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from textual import on, work
from textual.app import ComposeResult
from textual.containers import Horizontal
from textual.worker import Worker, WorkerState

from core.errors import CuratorError
from core.records import QueueRow
from core.waiting import LockHolder, describe
from tui.messages import ApplyEnded, Applying, Hashing, HashingEnded, Promoted, SensitiveTurned, Waiting
from tui.pictures_at_hand import PicturesAtHand
from tui.screens.deciding import Deciding
from tui.screens.detail import Detail
from tui.screens.hashing import HashingAhead
from tui.screens.listing import Listing
from tui.screens.marking import Marking
from tui.screens.promoting import Promoting
from tui.screens.queue_actions import QueueActions
from tui.screens.resuming import Resuming
from tui.widgets.comparison import Comparison
from tui.widgets.filter_line import FilterLine
from tui.widgets.key_line import KeyLine
from tui.widgets.pending_list import PendingList
from tui.widgets.preview import Preview
from tui.widgets.status_line import StatusLine
from tui.widgets.top_line import TopLine

if TYPE_CHECKING:
    from core.library import Library


class QueueScreen(QueueActions):
    """Owns what the curator works on; every question to core is asked in a thread."""

    def __init__(
        self,
        library: Library,
        pictures: PicturesAtHand,
        warnings: Sequence[str] = (),
        *,
        hash_ahead: bool = True,
        resume: bool = False,
    ) -> None:
        super().__init__()
        self._hash_ahead = hash_ahead
        self._resume = resume
        self._warnings = [*warnings, *filter(None, [library.warning])]
        self._library = library
        self._pictures = pictures
        self._in_view: Sequence[int] = ()
        self._shown: tuple[QueueRow | None, str] = (None, "")

    def compose(self) -> ComposeResult:
        yield TopLine(self._library.root, id="top")
        yield FilterLine(id="filter")
        with Horizontal(id="main"):
            yield PendingList(id="list")
            yield Preview(self._pictures, id="preview")
        yield StatusLine(id="status")
        yield Comparison(id="comparison")
        yield KeyLine(id="keys")

    def on_mount(self) -> None:
        self._listing = Listing(self, self._library, self._show_current, self._show_error)
        self._detail = Detail(self, self._library, self._pictures, self._listing.near)
        self._hashing = HashingAhead(
            self, self._library, self._listing, lambda: self._in_view, paused=not self._hash_ahead
        )
        self._marking = Marking(self, self._listing)
        self._promoting = Promoting(self, self._library, self._listing, self._show_current)
        self._deciding = Deciding(self, self._listing, self._promoting, self._detail, self._show_current)
        self.query_one(PendingList).focus()
        self._resuming = Resuming(self._library.root, self._listing, on=self._resume)
        self._ready = True
        self._begin()
        self._library.on_wait(self._tell_waiting)
        if self._warnings:
            self.query_one(StatusLine).warn_of(self._warnings)
        elif self._library.recovered:
            self.query_one(StatusLine).say("An operation that was left open is finished now.")

    def on_unmount(self) -> None:
        self._stop_jobs()

    @work(group="session", exit_on_error=False)
    async def _begin(self) -> None:
        if (told := await self._resuming.begin()) and not self.query_one(StatusLine).words:
            self.query_one(StatusLine).warn(told)
        await self._listing.standing.wait()
        self._hashing.start()

    async def settle(self) -> str:
        """Get ready to leave: decisions are stored, nothing else goes on. Returns what could not be kept."""
        self._stop_jobs()
        await self._listing.decisions.settled()
        await self._promoting.settled()
        return await self._resuming.keep()

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

    @on(PendingList.Marked)
    def _marked(self) -> None:
        self._marking.tell()

    @on(PendingList.Sorted)
    def _sorted(self, event: PendingList.Sorted) -> None:
        self._listing.sort(event.order)

    @on(PendingList.Opened)
    def _opened(self) -> None:
        self.action_compare()

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
    def _picture_wanted(self) -> None:
        self._detail.want_pictures()

    @on(SensitiveTurned)
    def _sensitive_turned(self, event: SensitiveTurned) -> None:
        self._detail.show(*self._shown)
        self.query_one(StatusLine).say(event.words)

    # The filter and the jobs tell

    @on(FilterLine.Changed)
    def _filter_changed(self) -> None:
        self._listing.find()

    @on(FilterLine.Left)
    def _filter_left(self) -> None:
        self.query_one(FilterLine).close()
        self.query_one(PendingList).focus()

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

    # What goes wrong

    def _tell_waiting(self, holder: LockHolder | None) -> None:
        self.post_message(Waiting(holder))

    @on(Waiting)
    def _waiting(self, event: Waiting) -> None:
        self.query_one(StatusLine).say(f"Waiting: {describe(event.holder)} has locked the library.")

    def _show_error(self, error: CuratorError) -> None:
        self.query_one(StatusLine).warn(str(error))

    @on(Worker.StateChanged)
    def _worker_failed(self, event: Worker.StateChanged) -> None:
        if event.state is not WorkerState.ERROR:
            return
        self.query_one(StatusLine).broke(event.worker.group, event.worker.error)
        if event.worker.group == "apply":
            self._promoting.job.running = False
            self.refresh_bindings()
