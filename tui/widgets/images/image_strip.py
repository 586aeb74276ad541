"""Sample images side by side, as many as fit, each with a label that says what happens to it."""

from __future__ import annotations

from collections.abc import Sequence

from textual.app import ComposeResult
from textual.containers import Horizontal, Vertical
from textual.content import Content
from textual.message import Message
from textual.widgets import Static

from core.domain.enums import Side
from core.domain.records import Thumbnail
from tui.jobs.picture_cache import PictureCache, PictureKey
from tui.presenters.cell_text import cut
from tui.presenters.plan_lines import Span
from tui.textual_compat import after_refresh
from tui.theme.palette import BRIGHT
from tui.widgets.images.graphics_box import image_box
from tui.widgets.images.image_box import ImageBox
from tui.widgets.plan.panel import sentence

_SLOTS = 8
_SLOT_WIDTH = 21  # cells, the gap included


class ImageStrip(Vertical):
    """Shows a window of a sequence; requests pictures that are not cached."""

    class PicturesWanted(Message):
        """Other pictures are needed (see ``wanted``); pass those that are not cached to ``supply``, one by one."""

    def __init__(self, title: str, side: Side, pictures: PictureCache, *, id: str | None = None) -> None:
        super().__init__(id=id)
        self._side = side
        self._pictures = pictures
        self._title = title
        self._words: Sequence[Span] = ()
        self._names: Sequence[str] = ()
        self._labels: Sequence[Span] = ()
        self._hidden = ""
        self._first = 0

    def compose(self) -> ComposeResult:
        yield Static(classes="strip-title", markup=False)
        with Horizontal():
            for _ in range(_SLOTS):
                with Vertical(classes="slot"):
                    yield image_box(self.app)
                    yield Static(classes="fate", markup=False)

    def show(self, words: Sequence[Span], names: Sequence[str], labels: Sequence[Span], hidden: str = "") -> None:
        """Show a sequence: its title, its images or why they are hidden, and a label for each."""
        if list(names) != list(self._names):
            self._first = 0
        self._words, self._names, self._labels, self._hidden = words, names, labels, hidden
        self._draw()

    def step(self, by: int) -> None:
        """Move the window along the sequence, stopping at the ends."""
        first = max(0, min(self._first + by, len(self._names) - self._shown()))
        if first != self._first:
            self._first = first
            self._draw()

    @property
    def wanted(self) -> list[PictureKey]:
        """The pictures to show; empty if they are hidden."""
        return [] if self._hidden else self.pictures_of(self._in_window())

    @property
    def prefetch_keys(self) -> list[PictureKey]:
        """The pictures that a step in either direction would show."""
        if self._hidden:
            return []
        last = self._first + self._shown()
        return self.pictures_of([*self._names[last : last + 1], *self._names[max(self._first - 1, 0) : self._first]])

    def pictures_of(self, names: Sequence[str]) -> list[PictureKey]:
        """Return the keys of images of this side at the size shown here."""
        room = min(box.room for box in self.query(ImageBox)[: self._shown()])
        return [PictureKey(self._side, name, *room) for name in names]

    def supply(self, key: PictureKey, picture: Thumbnail | str) -> None:
        """Show a loaded picture, or why there is none."""
        for box, wanted in zip(self.query(ImageBox), self.wanted, strict=False):
            if wanted == key:
                _put(box, picture)

    def on_resize(self) -> None:
        after_refresh(self, self._draw)

    def _shown(self) -> int:
        return max(1, min(_SLOTS, self.size.width // _SLOT_WIDTH))

    def _in_window(self) -> Sequence[str]:
        return self._names[self._first : self._first + self._shown()]

    def _draw(self) -> None:
        width, shown = self.size.width, self._shown()
        self.query_one(".strip-title", Static).update(self._heading(width, shown), layout=False)
        slots = list(self.query(".slot"))
        if [slot.display for slot in slots] != [n < shown for n in range(len(slots))]:
            after_refresh(self, self._draw)  # their sizes are known only then
        for n, slot in enumerate(slots):
            slot.display = n < shown
        for n, fate in enumerate(self.query(".fate").results(Static)):
            place = self._first + n
            words, tone = self._labels[place] if place < len(self._labels) else ("", "")
            fate.update(Content.styled(cut(words, width // shown - 1), tone), layout=False)
        count, keys = len(self._in_window()), self.wanted
        for n, box in enumerate(self.query(ImageBox)):
            if n >= count:
                box.say("")
            else:
                _put(box, self._hidden or self._pictures.get(keys[n]) or "…")
        self.post_message(self.PicturesWanted())

    def _heading(self, width: int, shown: int) -> Content:
        words = list(self._words)
        if len(self._names) > shown:
            last = f" to {self._first + shown}" if shown > 1 else ""
            words.append((f"{self._first + 1}{last} shown", "dim"))
        return Content.assemble((self._title, f"bold {BRIGHT}"), " ", sentence(words, width - len(self._title) - 1))


def _put(box: ImageBox, picture: Thumbnail | str) -> None:
    if isinstance(picture, Thumbnail):
        box.show(picture)
    else:
        box.say(picture)
