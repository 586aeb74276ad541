"""Marking on behalf of the queue: rows, ranges, what is told of them; and the way to the next row to decide on."""

from __future__ import annotations

from textual.screen import Screen

from tui.presenters.plan_lines import count_of
from tui.queue_model.model import Part, QueueModel
from tui.screens.queue.list_controller import ListController
from tui.widgets.queue_list.queue_list import QueueList
from tui.widgets.status_bar import StatusBar


class MarkController:
    """Marks for the decision keys to act on, and tells how many there are before they do."""

    def __init__(self, screen: Screen[None], model: QueueModel, listing: ListController) -> None:
        self._screen = screen
        self._model = model
        self._listing = listing
        self._told = ""
        model.watch(Part.MARKS, self._tell)

    @property
    def _list(self) -> QueueList:
        return self._screen.query_one(QueueList)

    @property
    def _status(self) -> StatusBar:
        return self._screen.query_one(StatusBar)

    def _tell(self) -> None:
        """Say that a range is open, and how long it is."""
        marks = self._model.marks
        words = f"range: {count_of(len(marks.range), 'row')}; V ends it, Esc drops it" if marks.in_range else ""
        if words or (self._told and self._status.words == self._told):
            self._status.say(words)
        self._told = words

    def mark(self, which: str) -> None:
        """Do what a key asks for: ``one`` row, ``all`` shown, ``inverted``, or a ``range`` that begins or ends."""
        marks = self._model.marks
        ways = {
            "one": self._list.toggle_mark,
            "all": marks.toggle_shown,
            "inverted": marks.invert_shown,
            "range": marks.toggle_range,
        }
        ways[which]()

    def escape(self) -> None:
        """Drop the range, or clear the filter, or the marks, or what the status line says: the first there is."""
        marks = self._model.marks
        if marks.in_range:
            marks.drop_range()
        elif self._model.words:
            self._listing.filter("")
        elif marks.count:
            marks.clear()
        else:
            self._status.say("")

    def to_undecided(self, by: int) -> None:
        """Go to the next row without a decision, or to the one before; round the end of the list once."""
        listed, place = self._model.listed, self._model.next_undecided(by)
        if place is None:
            alone = listed.current not in self._model.decisions.ids
            self._status.say(
                "This is the only row left without a decision." if alone else "All listed imports are decided."
            )
            return
        if (place - listed.cursor) * by < 0:
            self._status.say("Continued from the first row." if by > 0 else "Continued from the last row.")
        self._list.action_move(place - listed.cursor)
