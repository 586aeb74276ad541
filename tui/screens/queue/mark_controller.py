"""Marking on behalf of the queue: rows, ranges, what is told of them; and the way to the next row to decide on."""

from __future__ import annotations

from textual.screen import Screen

from tui.presenters.plan_lines import count_of
from tui.screens.queue.list_controller import ListController
from tui.widgets.filter_bar import FilterBar
from tui.widgets.header import HeaderBar
from tui.widgets.queue_list.id_index import next_without
from tui.widgets.queue_list.queue_list import QueueList
from tui.widgets.status_bar import StatusBar


class MarkController:
    """Marks for the decision keys to act on, and tells how many there are before they do."""

    def __init__(self, screen: Screen[None], listing: ListController) -> None:
        self._screen = screen
        self._listing = listing
        self._told = ""

    @property
    def _list(self) -> QueueList:
        return self._screen.query_one(QueueList)

    @property
    def _status(self) -> StatusBar:
        return self._screen.query_one(StatusBar)

    def tell(self) -> None:
        """Show how many rows are marked, and that a range is open."""
        marks = self._list.marks
        self._screen.query_one(HeaderBar).show_marked(marks.count, marks.hidden)
        words = f"range: {count_of(len(marks.range), 'row')}; V ends it, Esc drops it" if marks.in_range else ""
        if words or (self._told and self._status.words == self._told):
            self._status.say(words)
        self._told = words

    def mark(self, which: str) -> None:
        """Do what a key asks for: ``one`` row, ``all`` shown, ``inverted``, or a ``range`` that begins or ends."""
        marks = self._list.marks
        ways = {
            "one": self._list.toggle_mark,
            "all": marks.toggle_shown,
            "inverted": marks.invert_shown,
            "range": marks.toggle_range,
        }
        ways[which]()

    def escape(self) -> None:
        """Drop the range, or clear the filter, or the marks, or what the status line says: the first there is."""
        marks, words = self._list.marks, self._screen.query_one(FilterBar)
        if marks.in_range:
            marks.drop_range()
        elif words.words:
            self._listing.filter("")
        elif marks.count:
            marks.clear()
        else:
            self._status.say("")

    def to_undecided(self, by: int) -> None:
        """Go to the next row without a decision, or to the one before; round the end of the list once."""
        listed, decided = self._list, self._listing.decided.ids
        place = next_without(listed.ids, listed.cursor, by, decided)
        if place is None:
            alone = listed.current not in decided
            self._status.say("This is the only row left without a decision." if alone else "All shown are decided.")
            return
        if (place - listed.cursor) * by < 0:
            self._status.say("On from the first row." if by > 0 else "On from the last row.")
        listed.action_move(place - listed.cursor)
