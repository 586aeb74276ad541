"""A list of ids keeps its cursor in view, whatever the layout has not caught up with."""

from __future__ import annotations

from array import array

from textual.app import App, ComposeResult
from textual.strip import Strip

from tui.queue_model.listed_ids import ListedIds
from tui.widgets.queue_list.id_list import IdList


class Lines(IdList):
    """Draws each id."""

    def render_line(self, y: int) -> Strip:
        return Strip.blank(self.size.width)


class ListApp(App[None]):
    """Ten lines of a list."""

    def __init__(self) -> None:
        super().__init__()
        self.listed = ListedIds()
        self.listed.put(array("q", [24]))

    def compose(self) -> ComposeResult:
        yield Lines(self.listed)

    def on_mount(self) -> None:
        self.query_one(Lines).show_others()  # before it has a size


async def test_a_list_that_grows_shows_its_cursor_before_the_next_layout() -> None:
    app = ListApp()
    async with app.run_test(size=(40, 10)):
        lines = app.query_one(Lines)
        assert lines.in_view() == [24]
        app.listed.put(array("q", range(1, 25)))
        lines.show_others()  # nothing is laid out until this test waits
        assert lines.in_view() == [24, *range(16, 24)]


async def test_a_list_with_a_cursor_far_down_shows_it_from_the_start() -> None:
    app = ListApp()
    app.listed.put(array("q", range(1, 25)))
    app.listed.move_to(11)
    async with app.run_test(size=(40, 10)):
        assert app.query_one(Lines).in_view() == [12, *range(4, 12)]
