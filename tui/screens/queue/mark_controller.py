"""Marking for the queue screen: rows, ranges and their status; also moves to the next undecided row."""

from __future__ import annotations

from textual.screen import Screen

from core.text import count_of
from tui.queue_model.model import Part, QueueModel
from tui.screens.queue.list_controller import ListController
from tui.widgets.queue_list.queue_list import QueueList
from tui.widgets.status_bar import StatusBar


class MarkController:
    """Marks imports for the decision keys, and shows how many there are before they act."""

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
        """Show that a range is open, and its length."""
        marks = self._model.marks
        words = f"range: {count_of(len(marks.range), 'row')}; V ends it, Esc drops it" if marks.in_range else ""
        if words or (self._told and self._status.words == self._told):
            self._status.say(words)
        self._told = words

    def mark(self, which: str) -> None:
        """Handle a marking key: ``one`` row, ``all`` shown, ``inverted``, or the start or end of a ``range``."""
        marks = self._model.marks
        ways = {
            "one": self._list.toggle_mark,
            "all": marks.toggle_shown,
            "inverted": marks.invert_shown,
            "range": marks.toggle_range,
        }
        ways[which]()

    def escape(self) -> None:
        """Drop the range, else clear the filter, else the marks, else the status line."""
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
        """Move to the next row without a decision, or to the previous one; wraps around once."""
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
