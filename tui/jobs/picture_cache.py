"""The sample pictures of the app's screens: cached, loaded on demand or ahead, or hidden."""

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

_MOST = 32 << 20  # bytes of pixels: about forty pictures in real pixels, thousands in half cells
_THREADS = 2
_NSFW = "nsfw"


class PictureKey(NamedTuple):
    """An image and the pixels it must fit in; ``name`` is a file of ``pending/`` or an identifier of a sequence."""

    side: Side
    name: str
    width: int
    height: int


class PictureCache:
    """Keeps the most recently used pictures up to ``most`` bytes. Use it in the screens' thread, except for ``make``.

    ``key`` is the key that reveals images with ``sensitive_tags``. ``ready`` is called with each picture in the thread
    that made it, so that showing it costs less afterwards.
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
        """Return why the samples of an import are hidden, empty if they are not; the tags of both sides count.

        What a source calls "nsfw" counts as tagged so.
        """
        tags = () if self._revealed else (*row.tags, *row.library_tags, *([_NSFW] if row.nsfw else []))
        tag = next((tag for tag in tags if tag.casefold() in self._sensitive), None)
        return "" if tag is None else f"hidden: tagged {sanitize(tag, 40)}; {self._key} shows it"

    def toggle_sensitive(self) -> str:
        """Show or hide sensitive samples, and return a sentence about the new state."""
        self._revealed = not self._revealed
        if not self._sensitive:
            return "No samples are hidden: no sensitive tags are set."
        what = f"Samples tagged {' or '.join(sanitize(tag, 40) for tag in self._sensitive.values())}"
        return f"{what} are {f'shown: {self._key} hides' if self._revealed else f'hidden: {self._key} shows'} them."

    def first_of(self, rows: Iterable[QueueRow]) -> list[str]:
        """Return the first sample of each import that has any, except hidden ones."""
        return [row.images[0] for row in rows if row.images and not self.hidden(row)]

    def get(self, key: PictureKey) -> Thumbnail | str | None:
        """Return a picture, or why there is none; None if it is still to be made."""
        if key not in self._kept:
            return None
        self._kept.move_to_end(key)
        return self._kept[key]

    def keep(self, key: PictureKey, picture: Thumbnail | str) -> None:
        """Keep a picture, and drop the least recently used ones."""
        self._drop(key)
        self._kept[key] = picture
        self._bytes += _bytes(picture)
        while self._bytes > self._most:
            self._drop(next(iter(self._kept)))

    def forget_library(self, sha256: str = "") -> None:
        """Forget the library's pictures, of one model or of all: other images may have their numbers now."""
        self.generation += 1
        for key in [key for key in self._kept if key.side is Side.EXISTING and key.name.startswith(sha256)]:
            self._drop(key)

    def make(self, key: PictureKey, cancel: threading.Event | None = None) -> Thumbnail | str:
        """Return a picture, or why there is none. Blocks: call it in a thread. Raises Cancelled."""
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
    """Loads pictures for one screen: those wanted now, then one by one those that may be wanted next.

    Pictures that are no longer wanted are cancelled, even while they are being made; all of them are once the screen is
    gone. Prefetching leaves a thread free, so that pictures wanted now start immediately.
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
        """Request the pictures to show, and those to prefetch, both in order of priority."""
        for key in self._making.keys() - {*now, *ahead}:
            self._making[key].set()
        self._now = self._missing(now)
        # A screen behind another one prefetches nothing.
        self._next = self._missing(key for key in ahead if key not in now) if self._screen.is_current else []
        self._go_on()

    def _missing(self, keys: Iterable[PictureKey]) -> list[PictureKey]:
        some = dict.fromkeys(key for key in keys if key.width > 0 and key.height > 0)
        return [key for key in some if not self._comes(key) and self._pictures.get(key) is None]

    def _comes(self, key: PictureKey) -> bool:
        return key in self._making and not self._making[key].is_set()

    def _go_on(self) -> None:
        # A picture that is being cancelled and is wanted again starts once that has ended.
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
            cancel.set()  # also if the screen is gone
            del self._making[key]
        if picture is None:
            self._go_on()
            return
        if key.side is Side.PENDING or generation == self._pictures.generation:
            self._pictures.keep(key, picture)
        self._go_on()
        self._came(key, picture)


def _bytes(picture: Thumbnail | str) -> int:
    return len(picture.pixels if isinstance(picture, Thumbnail) else picture) + 200  # plus the overhead of an entry
