"""The sample images as large as the terminal allows: one at a time, or incoming beside the library's."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from textual import on
from textual.app import ComposeResult
from textual.containers import Horizontal, Vertical
from textual.content import Content
from textual.message import Message
from textual.screen import Screen
from textual.widgets import Static

from core.domain.enums import Side
from core.domain.generation import Generation
from core.domain.records import PendingImport, RecordWithImages, Thumbnail
from core.errors import CuratorError
from tui.jobs.latest import LatestQuery
from tui.jobs.picture_cache import PictureCache, PictureKey, PictureLoader
from tui.keys import KEYS
from tui.messages import SensitiveTurned
from tui.presenters.cell_text import cut, wrap
from tui.presenters.generation_words import settings_words
from tui.presenters.image_labels import incoming_labels, library_labels
from tui.presenters.plan_lines import Span
from tui.screens.queue.navigator import QueueNavigator
from tui.textual_compat import after_refresh
from tui.theme.palette import BRIGHT, GREY, TEXT
from tui.widgets.images.graphics_box import image_box
from tui.widgets.images.image_box import ImageBox
from tui.widgets.key_bar import KeyBar

if TYPE_CHECKING:
    from core.library import Library
    from core.queue.queue import ImportPreview

_PROMPT = 2  # lines


class OneOfSide(Vertical):
    """One picture of a side's sequence, below its title; the previous one stays until it is loaded."""

    class PictureWanted(Message):
        """Another picture is needed (see ``wanted``); if it is not cached, pass it to ``supply``."""

    def __init__(self, title: str, side: Side, pictures: PictureCache, *, id: str) -> None:  # noqa: A002 - as Textual calls it
        super().__init__(id=id, classes="side")
        self._title = title
        self._side = side
        self._pictures = pictures
        self._names: tuple[str, ...] = ()
        self._labels: list[Span] = []
        self._n = 0
        self._hidden = ""
        self._made: Mapping[str, Generation] = {}

    def compose(self) -> ComposeResult:
        yield Static(classes="strip-title", markup=False)
        yield image_box(self.app)
        yield Static(classes="made", markup=False)

    @property
    def wanted(self) -> list[PictureKey]:
        """The picture to show; empty if there is none or it is hidden."""
        return [] if self._hidden else self.pictures_of(self._names[self._n : self._n + 1])

    @property
    def prefetch_keys(self) -> list[PictureKey]:
        """The pictures that a step in either direction would show."""
        names = () if self._hidden else self._names
        return self.pictures_of([*names[self._n + 1 : self._n + 2], *names[max(self._n - 1, 0) : self._n]])

    def pictures_of(self, names: Sequence[str]) -> list[PictureKey]:
        """Return the keys of images of this side at the size shown here."""
        room = self.query_one(ImageBox).room
        return [PictureKey(self._side, name, *room) for name in names]

    def show(self, entry: RecordWithImages | None, labels: list[Span], n: int, hidden: str) -> None:
        """Show the n-th picture of a record (the last if it has fewer), or why it is ``hidden``."""
        self._names = names = entry.images if entry is not None else ()
        self._labels, self._hidden = labels, hidden
        self._made = {} if entry is None or hidden else {one.image: one.generation for one in entry.generations}
        self.query_one(".made").display = bool(self._made)  # for the whole sequence, so that no picture moves
        self._n = max(min(n, len(names) - 1), 0)
        self._draw()

    def supply(self, key: PictureKey, picture: Thumbnail | str) -> None:
        """Show a loaded picture, or why there is none."""
        if key in self.wanted:
            self._put(picture)

    def on_resize(self) -> None:
        after_refresh(self, self._draw)

    def _draw(self) -> None:
        count = len(self._names)
        fate, tone = self._labels[self._n] if self._n < len(self._labels) else ("", "")
        place = f"  {self._n + 1} of {count}   " if count else "  no images"
        words = cut(fate, max(self.size.width - len(self._title) - len(place), 0))
        title = Content.assemble((self._title, f"bold {BRIGHT}"), (place, GREY), (words, tone))
        self.query_one(Static).update(title, layout=False)
        self.query_one(".made", Static).update(self._generation(), layout=False)
        if not count or self._hidden:
            self.query_one(ImageBox).say(self._hidden if count else "")
        for picture in map(self._pictures.get, self.wanted):
            if picture is not None:
                self._put(picture)
        self.post_message(self.PictureWanted())

    def _generation(self) -> Content:
        """Return the prompt of the picture on two lines, and its settings."""
        made = self._made.get(self._names[self._n]) if self._names else None
        if made is None:
            return Content("")
        width = max(self.size.width - 2, 2)
        lines = [Content.styled(line, TEXT) for line in wrap(made.prompt, width, _PROMPT) if line]
        return Content("\n").join([*lines, Content.styled(cut(settings_words(made), width), GREY)])

    def _put(self, picture: Thumbnail | str) -> None:
        box = self.query_one(ImageBox)
        if isinstance(picture, Thumbnail):
            box.show(picture)
        else:
            box.say(f"no picture: {picture}")


class ViewerScreen(Screen[None]):
    """Steps through the images of the current import, and through the imports."""

    BINDINGS = KEYS["viewer"]

    def __init__(self, library: Library, pictures: PictureCache, walk: QueueNavigator, *, two_up: bool = False) -> None:
        super().__init__()
        self._pictures = pictures
        self._walk = walk
        self._two_up = two_up
        self._n = 0
        self._look: ImportPreview | None = None
        self._looks = LatestQuery[int, "ImportPreview | None"](
            self,
            "view",
            lambda pending_id, cancel: library.queue.preview(pending_id, None, cancel),
            self._show_look,
            self._failed,
        )
        self._fetching = PictureLoader(self, pictures, self._picture_came)

    def compose(self) -> ComposeResult:
        yield Static(id="head", markup=False)
        with Horizontal(id="sides"):
            yield OneOfSide("library", Side.EXISTING, self._pictures, id="theirs")
            yield OneOfSide("incoming", Side.PENDING, self._pictures, id="ours")
        yield KeyBar(id="keys")

    def on_mount(self) -> None:
        self._pictures.forget_library()  # another process may have changed it
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
        after_refresh(self, self._draw)

    def _ask(self) -> None:
        place = self._walk.place()
        if place is None:
            self.dismiss(None)
        else:
            self._looks.ask(place.id)

    def _show_look(self, pending_id: int, look: ImportPreview | None) -> None:
        place = self._walk.place()
        if look is None or place is None or place.id != pending_id:
            return
        self._look = look
        name = (cut(look.row.name, max(self.size.width - 24, 10)), f"bold {BRIGHT}")
        self.query_one("#head", Static).update(
            Content.assemble(name, (f"   {place.number:,} of {place.of:,}", GREY)), layout=False
        )
        self._draw()

    def _draw(self) -> None:
        if self._look is None:
            return
        record, existing, plan = self._look.pending.record, self._look.existing, self._look.plan
        assert isinstance(record, PendingImport)
        hidden = self._pictures.hidden(self._look.row)
        if self._two_up:
            names = existing.images if existing else ()
            labels = [(f"image {words}", tone) for words, tone in library_labels(names, plan)]
            self.query_one("#theirs", OneOfSide).show(existing, labels, self._n, hidden)
        self.query_one("#ours", OneOfSide).show(self._look.pending, incoming_labels(record, plan), self._n, hidden)

    @on(OneOfSide.PictureWanted)
    def _pictures_wanted(self) -> None:
        sides = [side for side in self.query(OneOfSide) if side.display]
        near = self.query_one("#ours", OneOfSide).pictures_of(self._pictures.first_of(self._walk.near()))
        ahead = [key for side in sides for key in side.prefetch_keys]
        self._fetching.want([key for side in sides for key in side.wanted], ahead + near)

    @on(SensitiveTurned)
    def _sensitive_turned(self) -> None:
        self._draw()

    def _picture_came(self, key: PictureKey, picture: Thumbnail | str) -> None:
        for side in self.query(OneOfSide):
            side.supply(key, picture)

    def _failed(self, _: int, error: CuratorError) -> None:
        self.query_one("#head", Static).update(Content(cut(error, 400)), layout=False)
