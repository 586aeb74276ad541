"""What each key of the queue does: it hands on to the part of the screen that knows how."""

from __future__ import annotations

from typing import TYPE_CHECKING

from textual import work
from textual.screen import Screen

from core.domain.enums import Strategy
from tui.jobs.picture_cache import PictureCache
from tui.keys import KEYS
from tui.queue_model.model import QueueModel
from tui.screens.queue.apply_controller import ApplyController
from tui.screens.queue.decision_controller import DecisionController
from tui.screens.queue.hashing_controller import HashingController
from tui.screens.queue.list_controller import ListController
from tui.screens.queue.mark_controller import MarkController
from tui.screens.queue.preview_controller import PreviewController
from tui.widgets.filter_bar import FilterBar
from tui.widgets.preview import Preview
from tui.widgets.status_bar import StatusBar

if TYPE_CHECKING:
    from core.library import Library

_ON_A_ROW = frozenset(
    ("decide", "clear", "mark", "undecided", "image", "peek", "compare", "view", "suggest", "alike", "same")
)


class QueueActions(Screen[None]):
    """The keys of the queue; the parts are there once ``_ready`` is."""

    BINDINGS = KEYS["queue"]

    model: QueueModel
    _library: Library
    _pictures: PictureCache
    _listing: ListController
    _detail: PreviewController
    _hashing: HashingController
    _marking: MarkController
    _promoting: ApplyController
    _deciding: DecisionController
    _ready = False

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:  # noqa: ARG002
        """Tell which keys there are at this moment."""
        if not self._ready:
            return action not in ("stop", "log")
        if action in _ON_A_ROW:
            return self.model.listed.current is not None
        if action == "filter":
            return not self.query_one(FilterBar).has_focus_within
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

    @work(group="alike", exit_on_error=False)
    async def action_alike(self) -> None:
        from tui.screens.bulk_decision import BulkDecisionScreen  # noqa: PLC0415 - start-up

        if row := self.model.current_row:
            settled = self._listing.decisions.settled
            if answer := await self.app.push_screen_wait(BulkDecisionScreen(self._library, row, settled)):
                await self._deciding.for_all(answer)

    @work(group="compare", exit_on_error=False)
    async def action_compare(self) -> None:
        """Show the comparison in full; what was picked by hand there is shown here as soon as it is stored."""
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
        self._listing.load()
        self._listing.refresh()

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
        await self._promoting.apply()

    def action_stop(self) -> None:
        self._promoting.job.stop()

    def action_log(self) -> None:
        from tui.screens.apply_log import LogScreen  # noqa: PLC0415 - start-up

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
        from tui.screens.import_legacy import ImportScreen  # noqa: PLC0415 - start-up

        if await self.app.push_screen_wait(ImportScreen(self._library)) is not None:
            self.action_reload()
            self._hashing.start()
