"""The import under the cursor: its sample image, the facts about its file, and its tags."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from rich.cells import cell_len
from textual.app import ComposeResult
from textual.containers import Vertical
from textual.content import Content
from textual.message import Message
from textual.widgets import Static

from core.domain.enums import Side
from core.domain.generation import Generation, ImageGeneration
from core.domain.records import MAX_LISTED_DUPLICATES, QueueRow, Thumbnail
from core.domain.verdict import VERDICT_WORDS, Verdict
from core.planning.suggestions import Suggestion
from core.text import format_size
from tui.jobs.picture_cache import PictureCache, PictureKey
from tui.presenters.cell_text import cut, cut_front, wrap
from tui.presenters.generation_words import settings_words
from tui.textual_compat import after_refresh
from tui.theme.palette import AMBER, BLUE, BRIGHT, GREY, RAISED, RED, TEAL, TEXT, VIOLET
from tui.widgets.images.graphics_box import image_box
from tui.widgets.images.image_box import ImageBox
from tui.widgets.queue_list.columns import short_name

_NARROW = 34  # cells below which words are left out
_PATIENCE = 0.12  # seconds for which the previous picture stays, so that a quick change does not flicker


class Preview(Vertical):
    """Shows one import, and one image of its sequence at a time; requests pictures that are not cached."""

    class PictureWanted(Message):
        """Another picture is needed (see ``wanted``); if it is not cached, pass it to ``supply``."""

    def __init__(self, pictures: PictureCache, *, id: str | None = None) -> None:
        super().__init__(id=id)
        self._pictures = pictures
        self._row: QueueRow | None = None
        self._n = 0
        self._hidden = ""
        self._library_images: int | None = None
        self._new_tags: frozenset[str] = frozenset()
        self._made: Mapping[str, Generation] = {}
        self._failure = ""
        self._suggestion: Suggestion | None = None
        self._waiting: PictureKey | None = None

    def compose(self) -> ComposeResult:
        yield image_box(self.app, id="picture")
        yield Static(id="caption", markup=False)
        yield Static(id="made", markup=False)
        yield Static(id="facts", markup=False)

    @property
    def wanted(self) -> PictureKey | None:
        """The picture to show, None if there is none or it is hidden."""
        if self._row is None or not self._row.images or self._hidden:
            return None
        return self.pictures_of(self._row.images[self._n : self._n + 1])[0]

    @property
    def prefetch_keys(self) -> list[PictureKey]:
        """The pictures that a step in either direction would show."""
        files = self._row.images if self._row and not self._hidden else ()
        return self.pictures_of([*files[self._n + 1 : self._n + 2], *files[max(self._n - 1, 0) : self._n]])

    def pictures_of(self, files: Sequence[str]) -> list[PictureKey]:
        """Return the keys of images of ``pending/`` at the size shown here."""
        room = self.query_one(ImageBox).room
        return [PictureKey(Side.PENDING, file, *room) for file in files]

    def show_row(self, row: QueueRow | None, failure: str = "", hidden: str = "") -> None:
        """Show an import; ``failure`` is why its last promotion failed, ``hidden`` why its images are not shown."""
        if row is None or self._row is None or row.id != self._row.id:
            self._n = 0
            self._library_images, self._new_tags, self._made = None, frozenset(), {}
        self._row, self._failure, self._hidden = row, failure, hidden
        self._n = min(self._n, max(len(row.images) - 1, 0)) if row else 0
        self._draw()

    def show_library(self, images: int | None, new_tags: Sequence[str]) -> None:
        """Show how many images of this model the library has, and which tags would be new to it."""
        self._library_images, self._new_tags = images, frozenset(new_tags)
        self._draw_text()

    def show_generations(self, made: Sequence[ImageGeneration]) -> None:
        """Show under each picture what it was made with."""
        self._made = {one.image: one.generation for one in made}
        self._draw_text()

    def show_suggestion(self, suggestion: Suggestion | None) -> None:
        """Show the suggestion and its reason."""
        if suggestion is not self._suggestion:
            self._suggestion = suggestion
            self._draw_text()

    def step(self, by: int) -> None:
        """Step through the sample images, stopping at the ends."""
        if self._row is None or not 0 <= self._n + by < len(self._row.images):
            return
        self._n += by
        self._draw()

    def supply(self, key: PictureKey, picture: Thumbnail | str) -> None:
        """Show a loaded picture, or why there is none."""
        if key == self.wanted:
            self._waiting = None
            self._put(picture)
        elif key == self._waiting:  # the room has changed since it was requested
            self._draw_picture()

    def on_resize(self) -> None:
        after_refresh(self, self._draw)

    def _draw(self) -> None:
        self._draw_text()
        self._draw_picture()

    def _draw_picture(self) -> None:
        key, waiting = self.wanted, self._waiting
        self._waiting = None
        if key is None or not all(self.query_one(ImageBox).room):
            images = self._row.images if self._row else ()
            self.query_one(ImageBox).say((images and self._hidden) or ("no sample images" if self._row else ""))
        elif (picture := self._pictures.get(key)) is not None:
            self._put(picture)
        else:
            self._waiting = key
            if key != waiting:
                self.set_timer(_PATIENCE, lambda: self._still_waiting(key))
        self.post_message(self.PictureWanted())

    def _still_waiting(self, key: PictureKey) -> None:
        if self._waiting == key:
            self.query_one(ImageBox).say("…")

    def _put(self, picture: Thumbnail | str) -> None:
        box = self.query_one(ImageBox)
        if isinstance(picture, Thumbnail):
            box.show(picture)
        else:
            box.say(f"no picture: {picture}")

    def _draw_text(self) -> None:
        width = self.size.width - self.styles.gutter.width
        self.query_one("#caption", Static).update(self._caption(), layout=False)
        self.query_one("#made", Static).update(self._generation(width), layout=False)
        self.query_one("#facts", Static).update(self._facts(width), layout=False)

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

    def _generation(self, width: int) -> Content:
        images = self._row.images if self._row is not None and not self._hidden else ()
        made = self._made.get(images[self._n]) if images else None
        return Content("") if made is None else Content.styled(cut(made.prompt or settings_words(made), width), GREY)

    def _facts(self, width: int) -> Content:
        row = self._row
        if row is None or width <= 0:
            return Content("")
        lines = [
            Content.styled(cut(short_name(row.title, width), width), f"bold {BRIGHT}"),
            Content.styled(cut_front(_folder(row), width), GREY),
            self._identity(row, width),
        ]
        if row.verdict not in (None, Verdict.UNPROVEN):
            sign, tone = ("✓", TEAL) if row.verdict is Verdict.INTACT else ("!", AMBER)
            lines.append(Content.styled(cut(f"{sign} {VERDICT_WORDS[row.verdict]}", width), tone))
        if row.duplicate_ids:
            lines.append(Content.styled(cut(_same("file", row.duplicate_ids), width), VIOLET))
        if row.model_with_weights or row.ids_with_weights:
            lines.append(Content.styled(cut(_same_weights(row), width), BLUE))
        room = max(self.query_one("#facts").size.height, 5) - len(lines)
        notes = self._notes(row, width, min(max(room - 1, 1), 3))
        tags = chips(row.tags, self._new_tags, width)[:2]
        lines += tags[: room - len(notes)]
        return Content("\n").join([*lines, *notes])

    def _notes(self, row: QueueRow, width: int, lines: int) -> list[Content]:
        """Return why the last promotion failed, else the reason of the suggestion, on at most ``lines`` lines."""
        if self._failure:
            return [Content.styled(line, RED) for line in wrap(f"✕ {self._failure}", width, lines)]
        if self._suggestion is None or row.decision is not None:
            return []
        tone = TEAL if self._suggestion.safe else GREY
        return [Content.styled(line, tone) for line in wrap(f"· {self._suggestion.why}", width, lines)]

    def _identity(self, row: QueueRow, width: int) -> Content:
        known = f"{row.sha256[:8]} {row.sha256[8:16]}" if row.sha256 else "not hashed yet"
        known = known[:8] if row.sha256 and width < 36 else known
        facts = f"  {format_size(row.size_bytes)}  {row.type}"
        return Content.assemble(
            (cut(known, width), VIOLET if row.sha256 else GREY), (cut(facts, width - len(known)), TEXT)
        )


def _folder(row: QueueRow) -> str:
    """Return the path, without the file name if that is also the import's name."""
    folder, _, file = row.path.rpartition("/")
    return folder if folder and file == row.name else row.path


def _same(what: str, alike: Sequence[int]) -> str:
    *some, last = map(str, alike)
    if len(alike) == MAX_LISTED_DUPLICATES:
        return f"same {what} as {', '.join(some)} and more"
    return f"same {what} as {', '.join(some)} and {last}" if some else f"same {what} as {last}"


def _same_weights(row: QueueRow) -> str:
    """Return who has the weights of an import under another header; a model of the library says more."""
    if row.model_with_weights is None:
        return _same("weights", row.ids_with_weights)
    return f"same weights as the library's {row.model_with_weights[:8]}, other header"


def chips(tags: Sequence[str], new: frozenset[str], width: int) -> list[Content]:
    """Return tags as chips on as many lines as needed; tags that are new to the library have a plus."""
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
