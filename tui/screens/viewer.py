"""The sample images as large as the terminal allows: one at a time, or incoming beside what the library has."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, ClassVar

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Horizontal, Vertical
from textual.content import Content
from textual.screen import Screen
from textual.widgets import Static

from core.errors import CuratorError
from core.records import PendingImport, Picture
from tui.image_text import incoming_fates, library_fates
from tui.latest import Latest
from tui.palette import BRIGHT, GREY
from tui.plan_text import Piece
from tui.walk import Walk
from tui.widgets.cells import cut
from tui.widgets.image_strip import StripKey
from tui.widgets.key_line import KeyLine
from tui.widgets.picture_box import PictureBox
from tui.widgets.real_picture import picture_box

if TYPE_CHECKING:
    from core.library import Library
    from core.queue import Look


class Side(Vertical):
    """One picture with what it is above it; asks for a picture and shows whichever was asked for last."""

    def __init__(self, title: str, read: Callable[[str, int, int], Picture], *, id: str) -> None:
        super().__init__(id=id, classes="side")
        self._title = title
        self._names: tuple[str, ...] = ()
        self._fates: list[Piece] = []
        self._n = 0
        self._latest = Latest[StripKey, Picture](
            self, f"view-{id}", lambda key: read(key.name, key.width, key.height), self._came, self._missing
        )

    def compose(self) -> ComposeResult:
        yield Static(classes="strip-title", markup=False)
        yield picture_box(self.app)

    def show(self, names: tuple[str, ...], fates: list[Piece], n: int) -> None:
        """Show the n-th picture of a sequence, the last where it has fewer."""
        self._names, self._fates, self._n = names, fates, n
        self._draw()

    def on_resize(self) -> None:
        self.call_after_refresh(self._draw)

    def _draw(self) -> None:
        box, count = self.query_one(PictureBox), len(self._names)
        n = min(self._n, count - 1)
        fate, tone = self._fates[n] if 0 <= n < len(self._fates) else ("", "")
        place = f"  {n + 1} of {count}   " if count else "  no images"
        words = cut(fate, max(self.size.width - len(self._title) - len(place), 0))
        title = Content.assemble((self._title, f"bold {BRIGHT}"), (place, GREY), (words, tone))
        self.query_one(Static).update(title)
        if not count:
            box.say("")
        elif all(box.room):
            self._latest.ask(StripKey(self._names[n], *box.room))

    def _came(self, key: StripKey, picture: Picture) -> None:
        if self._wanted(key):
            self.query_one(PictureBox).show(picture)

    def _missing(self, key: StripKey, error: CuratorError) -> None:
        if self._wanted(key):
            self.query_one(PictureBox).say(f"no picture: {error}")

    def _wanted(self, key: StripKey) -> bool:
        return bool(self._names) and key.name == self._names[min(self._n, len(self._names) - 1)]


class ViewerScreen(Screen[None]):
    """Goes through the images of the import in hand, and through the imports."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("l,right,space", "image(1)", "image", id="view.next", key_display="h l", tooltip="The next image"),
        Binding("h,left", "image(-1)", "image", id="view.before", show=False, tooltip="The image before"),
        Binding("j,down", "step(1)", "import", id="view.down", key_display="j k", tooltip="The next import"),
        Binding("k,up", "step(-1)", "import", id="view.up", show=False, tooltip="The import before"),
        Binding("tab", "two_up", "beside the library's", id="view.two_up", tooltip="One alone, or both side by side"),
        Binding("escape,v,q", "dismiss", "back", id="view.back", key_display="esc", tooltip="Back"),
    ]

    def __init__(self, library: Library, walk: Walk, *, two_up: bool = False) -> None:
        super().__init__()
        self._library = library
        self._walk = walk
        self._two_up = two_up
        self._n = 0
        self._look: Look | None = None
        self._looks = Latest[int, "Look | None"](
            self, "view", lambda id: library.queue.look(id, None), self._show_look, self._failed
        )

    def compose(self) -> ComposeResult:
        yield Static(id="head", markup=False)
        with Horizontal(id="sides"):
            yield Side("library", self._library.pictures.of_model, id="theirs")
            yield Side("incoming", self._library.pictures.of_pending, id="ours")
        yield KeyLine(id="keys")

    def on_mount(self) -> None:
        self.query_one("#theirs").display = self._two_up
        self._ask()

    def action_image(self, by: int) -> None:
        if self._look is not None:
            longest = len(self._look.pending.images)
            if self._two_up and self._look.existing is not None:
                longest = max(longest, len(self._look.existing.images))
            self._n = max(0, min(self._n + by, longest - 1))
            self._draw()

    def action_step(self, by: int) -> None:
        self._walk.step(by)
        self._n = 0
        self._ask()

    def action_two_up(self) -> None:
        self._two_up = not self._two_up
        self.query_one("#theirs").display = self._two_up
        self.call_after_refresh(self._draw)

    def _ask(self) -> None:
        place = self._walk.place()
        if place is None:
            self.dismiss(None)
        else:
            self._looks.ask(place.id)

    def _show_look(self, id: int, look: Look | None) -> None:
        place = self._walk.place()
        if look is None or place is None or place.id != id:
            return
        self._look = look
        name = (cut(look.row.name, max(self.size.width - 24, 10)), f"bold {BRIGHT}")
        self.query_one("#head", Static).update(Content.assemble(name, (f"   {place.number:,} of {place.of:,}", GREY)))
        self._draw()

    def _draw(self) -> None:
        if self._look is None:
            return
        record, existing, plan = self._look.pending.record, self._look.existing, self._look.plan
        assert isinstance(record, PendingImport)
        theirs = existing.images if existing else ()
        if self._two_up:
            self.query_one("#theirs", Side).show(theirs, library_fates(theirs, plan), self._n)
        self.query_one("#ours", Side).show(self._look.pending.images, incoming_fates(record, plan), self._n)

    def _failed(self, _: int, error: CuratorError) -> None:
        self.query_one("#head", Static).update(Content(cut(error, 400)))
