"""The sample pictures of the app's screens: those at hand, those to be made now or soon, and those that are hidden."""

from __future__ import annotations

import asyncio
import threading
from collections import OrderedDict
from collections.abc import Callable, Iterable, Sequence
from functools import partial
from typing import TYPE_CHECKING, Any, NamedTuple

from textual.screen import Screen
from textual.worker import Worker

from core.domain.enums import Side
from core.domain.records import QueueRow, Thumbnail
from core.errors import Cancelled, CuratorError
from core.text import sanitize

if TYPE_CHECKING:
    from core.images.thumbnails import Thumbnailer

_MOST = 32 << 20  # bytes of pixels: some forty pictures where they are real ones, thousands in half cells
_THREADS = 2


class PictureKey(NamedTuple):
    """One image within so many pixels; ``name`` is a file of ``pending/`` or an identifier of a sequence."""

    side: Side
    name: str
    width: int
    height: int


class PictureCache:
    """Keeps pictures up to a number of bytes, those used lately; to be used where the screens run, but for ``make``.

    ``key`` is what a curator presses to see those of ``sensitive_tags``. ``ready`` is called with each picture in the
    thread that made it, so that showing it costs less afterwards.
    """

    def __init__(
        self,
        pictures: Thumbnailer,
        sensitive_tags: Iterable[str] = (),
        most: int = _MOST,
        key: str = "z",
        ready: Callable[[Thumbnail], object] | None = None,
    ) -> None:
        self._pictures = pictures
        self._key = key
        self._ready = ready
        self._most = most
        self._sensitive = {tag.casefold(): tag for tag in sensitive_tags}
        self._revealed = False
        self._kept: OrderedDict[PictureKey, Thumbnail | str] = OrderedDict()
        self._bytes = 0
        self.generation = 0

    def hidden(self, row: QueueRow) -> str:
        """Return why the samples of an import are hidden, nothing where they are not; either side's tags count."""
        tags = () if self._revealed else (*row.tags, *row.library_tags)
        tag = next((tag for tag in tags if tag.casefold() in self._sensitive), None)
        return "" if tag is None else f"hidden: tagged {sanitize(tag, 40)}; {self._key} shows it"

    def toggle_sensitive(self) -> str:
        """Show what is hidden, or hide it again, and return in words what holds now."""
        self._revealed = not self._revealed
        if not self._sensitive:
            return "No samples are hidden: no sensitive tags are set."
        what = f"Samples tagged {' or '.join(sanitize(tag, 40) for tag in self._sensitive.values())}"
        return f"{what} are {f'shown: {self._key} hides' if self._revealed else f'hidden: {self._key} shows'} them."

    def first_of(self, rows: Iterable[QueueRow]) -> list[str]:
        """Return the first sample of each import that has any, leaving out what is hidden."""
        return [row.images[0] for row in rows if row.images and not self.hidden(row)]

    def get(self, key: PictureKey) -> Thumbnail | str | None:
        """Return a picture, or why there is none; None where it has still to be made."""
        if key not in self._kept:
            return None
        self._kept.move_to_end(key)
        return self._kept[key]

    def keep(self, key: PictureKey, picture: Thumbnail | str) -> None:
        """Keep a picture, and drop those that were not used for longest."""
        self._drop(key)
        self._kept[key] = picture
        self._bytes += _bytes(picture)
        while self._bytes > self._most:
            self._drop(next(iter(self._kept)))

    def forget_library(self, sha256: str = "") -> None:
        """Forget the library's pictures, of one model or of all: another image may have their numbers now."""
        self.generation += 1
        for key in [key for key in self._kept if key.side is Side.EXISTING and key.name.startswith(sha256)]:
            self._drop(key)

    def make(self, key: PictureKey, cancel: threading.Event | None = None) -> Thumbnail | str:
        """Return a picture, or why there is none. Blocks: to be called in a thread. Raises Cancelled."""
        read = self._pictures.of_pending if key.side is Side.PENDING else self._pictures.of_model
        try:
            picture = read(key.name, key.width, key.height, cancel)
        except Cancelled:
            raise
        except CuratorError as error:
            return str(error)
        if self._ready is not None:
            self._ready(picture)
        return picture

    def _drop(self, key: PictureKey) -> None:
        if (picture := self._kept.pop(key, None)) is not None:
            self._bytes -= _bytes(picture)


class PictureLoader:
    """Has pictures made for one screen: those wanted now, then one by one those that may be wanted next.

    What was asked for before and is wanted no more is given up, also where it is being made; so is everything once the
    screen is gone. What may be wanted next leaves a thread free, so what is wanted now begins at once.
    """

    def __init__(
        self, screen: Screen[Any], pictures: PictureCache, came: Callable[[PictureKey, Thumbnail | str], None]
    ) -> None:
        self._screen = screen
        self._pictures = pictures
        self._came = came
        self._now: list[PictureKey] = []
        self._next: list[PictureKey] = []
        self._making: dict[PictureKey, threading.Event] = {}

    @property
    def busy(self) -> bool:
        """Whether any picture is being made."""
        return bool(self._making)

    def want(self, now: Sequence[PictureKey], ahead: Sequence[PictureKey] = ()) -> None:
        """Ask for pictures in the order they are wanted, and for others in the order they may be."""
        for key in self._making.keys() - {*now, *ahead}:
            self._making[key].set()
        self._now = self._missing(now)
        # Behind another screen nobody waits for what comes next.
        self._next = self._missing(key for key in ahead if key not in now) if self._screen.is_current else []
        self._go_on()

    def _missing(self, keys: Iterable[PictureKey]) -> list[PictureKey]:
        some = dict.fromkeys(key for key in keys if key.width > 0 and key.height > 0)
        return [key for key in some if not self._comes(key) and self._pictures.get(key) is None]

    def _comes(self, key: PictureKey) -> bool:
        return key in self._making and not self._making[key].is_set()

    def _go_on(self) -> None:
        # What is being given up and is wanted again begins once that has ended.
        for key in [key for key in self._now if key not in self._making][: max(_THREADS - len(self._making), 0)]:
            self._now.remove(key)
            self._start(key)
        if self._next and not self._making:
            self._start(self._next.pop(0))

    def _start(self, key: PictureKey) -> None:
        self._making[key] = threading.Event()
        _: Worker[None] = self._screen.run_worker(partial(self._make, key), group="pictures", exit_on_error=False)

    async def _make(self, key: PictureKey) -> None:
        generation, cancel = self._pictures.generation, self._making[key]
        try:
            picture = await asyncio.to_thread(self._pictures.make, key, cancel)
        except Cancelled:
            picture = None
        finally:
            cancel.set()  # also where the screen is gone
            del self._making[key]
        if picture is None:
            self._go_on()
            return
        if key.side is Side.PENDING or generation == self._pictures.generation:
            self._pictures.keep(key, picture)
        self._go_on()
        self._came(key, picture)


def _bytes(picture: Thumbnail | str) -> int:
    return len(picture.pixels if isinstance(picture, Thumbnail) else picture) + 200  # and what any entry takes
