"""The import under the cursor: its sample image, what is known of its file, its tags."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

from rich.cells import cell_len
from textual.app import ComposeResult
from textual.containers import Vertical
from textual.content import Content
from textual.message import Message
from textual.widgets import Static

from core.display import size
from core.records import Picture, QueueRow
from core.suggestions import Suggestion
from tui.palette import BRIGHT, GREY, RAISED, RED, TEAL, TEXT, VIOLET
from tui.widgets.cells import cut, cut_front, wrap
from tui.widgets.columns import short_name
from tui.widgets.picture_box import PictureBox
from tui.widgets.real_picture import picture_box

_CACHED = 64
_NARROW = 34  # cells below which words are left out
_PATIENCE = 0.12  # seconds for which the picture before stays, so that a quick change does not flicker


class PictureKey(NamedTuple):
    """One pending image at one size in pixels."""

    file: str
    width: int
    height: int


class Preview(Vertical):
    """Shows one import, and one image of its sequence at a time; asks for the pictures it has not got."""

    @dataclass
    class PictureWanted(Message):
        """A picture is to be shown; the answer goes to ``supply`` or ``refuse``."""

        key: PictureKey

    def __init__(self, *, id: str | None = None) -> None:
        super().__init__(id=id)
        self._row: QueueRow | None = None
        self._n = 0
        self._library_images: int | None = None
        self._new_tags: frozenset[str] = frozenset()
        self._failure = ""
        self._suggestion: Suggestion | None = None
        self._waiting: PictureKey | None = None
        self._cache: OrderedDict[PictureKey, Picture | str] = OrderedDict()

    def compose(self) -> ComposeResult:
        yield picture_box(self.app, id="picture")
        yield Static(id="caption", markup=False)
        yield Static(id="facts", markup=False)

    @property
    def image_number(self) -> int:
        """Which image of the sequence is shown, from 0."""
        return self._n

    def show_row(self, row: QueueRow | None, failure: str = "") -> None:
        """Show an import; ``failure`` is why its last promotion failed."""
        if row is None or self._row is None or row.id != self._row.id:
            self._n = 0
            self._library_images, self._new_tags = None, frozenset()
        self._row, self._failure = row, failure
        self._n = min(self._n, max(len(row.images) - 1, 0)) if row else 0
        self._draw()

    def show_library(self, images: int | None, new_tags: Sequence[str]) -> None:
        """Show how many images the library already has of this model, and which tags it has not."""
        self._library_images, self._new_tags = images, frozenset(new_tags)
        self._draw_text()

    def show_suggestion(self, suggestion: Suggestion | None) -> None:
        """Show what is proposed for it, and why."""
        if suggestion is not self._suggestion:
            self._suggestion = suggestion
            self._draw_text()

    def step(self, by: int) -> None:
        """Go through the sequence of sample images; it ends where it ends."""
        if self._row is None or not 0 <= self._n + by < len(self._row.images):
            return
        self._n += by
        self._draw()

    def supply(self, key: PictureKey, picture: Picture | str) -> None:
        """Take the answer to ``PictureWanted``: the picture, or why there is none."""
        self._cache[key] = picture
        self._cache.move_to_end(key)
        if len(self._cache) > _CACHED:
            self._cache.popitem(last=False)
        if key == self._key():
            self._waiting = None
            self._put(picture)
        elif key == self._waiting:  # the room has changed since it was asked for
            self._draw_picture()

    def on_resize(self) -> None:
        self.call_after_refresh(self._draw)

    def _key(self) -> PictureKey | None:
        width, height = self.query_one(PictureBox).room
        if self._row is None or not self._row.images or not width or not height:
            return None
        return PictureKey(self._row.images[self._n], width, height)

    def _draw(self) -> None:
        self._draw_text()
        self._draw_picture()

    def _draw_picture(self) -> None:
        key = self._key()
        if key is None:
            self._waiting = None
            self.query_one(PictureBox).say("no sample images" if self._row else "")
        elif key in self._cache:
            self._cache.move_to_end(key)
            self._waiting = None
            self._put(self._cache[key])
        elif key != self._waiting:
            self._waiting = key
            self.post_message(self.PictureWanted(key))
            self.set_timer(_PATIENCE, lambda: self._still_waiting(key))

    def _still_waiting(self, key: PictureKey) -> None:
        if self._waiting == key:
            self.query_one(PictureBox).say("…")

    def _put(self, picture: Picture | str) -> None:
        box = self.query_one(PictureBox)
        if isinstance(picture, Picture):
            box.show(picture)
        else:
            box.say(f"no picture: {picture}")

    def _draw_text(self) -> None:
        width = self.size.width - self.styles.gutter.width
        self.query_one("#caption", Static).update(self._caption())
        self.query_one("#facts", Static).update(self._facts(width))

    def _caption(self) -> Content:
        if self._row is None:
            return Content("")
        count = len(self._row.images)
        narrow = self.size.width < _NARROW
        parts: list[tuple[str, str]] = [] if narrow and count else [("incoming ", GREY)]
        parts += [(str(self._n + 1), f"bold {BRIGHT}"), (f" of {count}", GREY)] if count else [("none", GREY)]
        if self._library_images is not None:
            parts += [
                ("   library " if narrow else "   library has ", GREY),
                (str(self._library_images), f"bold {BRIGHT}"),
            ]
        return Content.assemble(*parts)

    def _facts(self, width: int) -> Content:
        row = self._row
        if row is None or width <= 0:
            return Content("")
        lines = [
            Content.styled(cut(short_name(row.name, width), width), f"bold {BRIGHT}"),
            Content.styled(cut_front(_folder(row), width), GREY),
            self._identity(row, width),
        ]
        room = max(self.query_one("#facts").size.height, 5) - len(lines)
        notes = self._notes(row, width, min(room - 1, 3))
        tags = chips(row.tags, self._new_tags, width)[:2]
        lines += tags[: max(room - len(notes), 1)]
        return Content("\n").join([*lines, *notes])

    def _notes(self, row: QueueRow, width: int, lines: int) -> list[Content]:
        """Return why its last promotion failed, else what is proposed for it and why, on so many lines at most."""
        if self._failure:
            return [Content.styled(line, RED) for line in wrap(f"✕ {self._failure}", width, lines)]
        if self._suggestion is None or row.decision is not None:
            return []
        tone = TEAL if self._suggestion.safe else GREY
        return [Content.styled(line, tone) for line in wrap(f"· {self._suggestion.why}", width, lines)]

    def _identity(self, row: QueueRow, width: int) -> Content:
        known = f"{row.sha256[:8]} {row.sha256[8:16]}" if row.sha256 else "not hashed yet"
        known = known[:8] if row.sha256 and width < 36 else known
        facts = f"  {size(row.size_bytes)}  {row.type}"
        return Content.assemble(
            (cut(known, width), VIOLET if row.sha256 else GREY), (cut(facts, width - len(known)), TEXT)
        )


def _folder(row: QueueRow) -> str:
    """Return the path, without the file's name where that is the import's name as well."""
    folder, _, file = row.path.rpartition("/")
    return folder if folder and file == row.name else row.path


def chips(tags: Sequence[str], new: frozenset[str], width: int) -> list[Content]:
    """Return tags as chips on as many lines as they take; those the library has not yet carry a plus."""
    lines: list[list[tuple[str, str]]] = [[]]
    used = 0
    for tag in tags:
        text = cut(f"+{tag}" if tag in new else tag, width - 2)
        style = f"{TEAL if tag in new else TEXT} on {RAISED}"
        if used and used + 1 + cell_len(text) + 2 > width:
            lines.append([])
            used = 0
        lines[-1] += [(" ", "")] if used else []
        lines[-1].append((f" {text} ", style))
        used += (1 if used else 0) + cell_len(text) + 2
    return [Content.assemble(*line) for line in lines if line]
