"""A sequence of sample images side by side, as many as fit, each with what becomes of it below."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from textual.app import ComposeResult
from textual.containers import Horizontal, Vertical
from textual.content import Content
from textual.message import Message
from textual.widgets import Static

from core.records import Picture
from tui.palette import BRIGHT
from tui.plan_text import Piece
from tui.widgets.cells import cut
from tui.widgets.comparison import sentence
from tui.widgets.picture_box import PictureBox
from tui.widgets.real_picture import picture_box

_SLOTS = 8
_SLOT_WIDTH = 21  # cells, the gap included


@dataclass(frozen=True, slots=True)
class StripKey:
    """One image at one size in pixels; ``name`` is a file of ``pending/`` or an identifier of a sequence."""

    name: str
    width: int
    height: int


class ImageStrip(Vertical):
    """Shows a window of a sequence; asks for the pictures it has not got."""

    @dataclass
    class PicturesWanted(Message):
        """Pictures are to be shown; the answers go to ``supply``, one by one."""

        strip: ImageStrip
        keys: Sequence[StripKey]

        @property
        def control(self) -> ImageStrip:
            return self.strip

    def __init__(self, title: str, *, id: str | None = None) -> None:
        super().__init__(id=id)
        self._title = title
        self._words: Sequence[Piece] = ()
        self._names: Sequence[str] = ()
        self._fates: Sequence[Piece] = ()
        self._first = 0
        self._have: dict[StripKey, Picture | str] = {}

    def compose(self) -> ComposeResult:
        yield Static(classes="strip-title", markup=False)
        with Horizontal():
            for _ in range(_SLOTS):
                with Vertical(classes="slot"):
                    yield picture_box(self.app)
                    yield Static(classes="fate", markup=False)

    def show(self, words: Sequence[Piece], names: Sequence[str], fates: Sequence[Piece]) -> None:
        """Show a sequence: what stands above it, its images, and what becomes of each."""
        if list(names) != list(self._names):
            self._first = 0
            self._have.clear()
        self._words, self._names, self._fates = words, names, fates
        self._draw()

    def step(self, by: int) -> None:
        """Move the window along the sequence; it ends where it ends."""
        first = max(0, min(self._first + by, len(self._names) - self._shown()))
        if first != self._first:
            self._first = first
            self._draw()

    def supply(self, key: StripKey, picture: Picture | str) -> None:
        """Take a picture, or why there is none."""
        self._have[key] = picture
        for box, wanted in zip(self.query(PictureBox), self._keys(), strict=False):
            if wanted == key:
                _put(box, picture)

    def on_resize(self) -> None:
        self.call_after_refresh(self._draw)

    def _shown(self) -> int:
        return max(1, min(_SLOTS, self.size.width // _SLOT_WIDTH))

    def _keys(self) -> list[StripKey]:
        names = self._names[self._first : self._first + self._shown()]
        return [StripKey(name, *box.room) for name, box in zip(names, self.query(PictureBox), strict=False)]

    def _draw(self) -> None:
        width, shown = self.size.width, self._shown()
        self.query_one(".strip-title", Static).update(self._heading(width, shown))
        for n, slot in enumerate(self.query(".slot")):
            slot.display = n < shown
        for n, fate in enumerate(self.query(".fate").results(Static)):
            place = self._first + n
            words, tone = self._fates[place] if place < len(self._fates) else ("", "")
            fate.update(Content.styled(cut(words, width // shown - 1), tone))
        wanted = []
        keys = [key for key in self._keys() if key.width and key.height]
        for n, box in enumerate(self.query(PictureBox)):
            key = keys[n] if n < len(keys) else None
            if key is None:
                box.say("")
            elif key in self._have:
                _put(box, self._have[key])
            else:
                box.say("…")
                wanted.append(key)
        if wanted:
            self.post_message(self.PicturesWanted(self, wanted))

    def _heading(self, width: int, shown: int) -> Content:
        words = list(self._words)
        if len(self._names) > shown:
            words.append((f"{self._first + 1} to {self._first + shown} shown", "dim"))
        return Content.assemble((self._title, f"bold {BRIGHT}"), " ", sentence(words, width - len(self._title) - 1))


def _put(box: PictureBox, picture: Picture | str) -> None:
    if isinstance(picture, Picture):
        box.show(picture)
    else:
        box.say(picture)
