"""The sample pictures of the app's screens: those at hand, those to be made now or soon, and those that are hidden."""

from __future__ import annotations

import asyncio
from collections import OrderedDict
from collections.abc import Callable, Iterable, Sequence
from functools import partial
from typing import TYPE_CHECKING, Any, NamedTuple

from textual.screen import Screen
from textual.worker import Worker

from core.display import plain
from core.errors import CuratorError
from core.picks import Side
from core.records import Picture, QueueRow

if TYPE_CHECKING:
    from core.pictures import Pictures

_MOST = 32 << 20  # bytes of pixels: some forty pictures where they are real ones, thousands in half cells
_THREADS = 2


class PictureKey(NamedTuple):
    """One image within so many pixels; ``name`` is a file of ``pending/`` or an identifier of a sequence."""

    side: Side
    name: str
    width: int
    height: int


class PicturesAtHand:
    """Keeps pictures up to a number of bytes, those used lately; to be used where the screens run, but for ``make``.

    ``key`` is what a curator presses to see those of ``sensitive_tags``. ``ready`` is called with each picture in the
    thread that made it, so that showing it costs less afterwards.
    """

    def __init__(
        self,
        pictures: Pictures,
        sensitive_tags: Iterable[str] = (),
        most: int = _MOST,
        key: str = "z",
        ready: Callable[[Picture], object] | None = None,
    ) -> None:
        self._pictures = pictures
        self._key = key
        self._ready = ready
        self._most = most
        self._sensitive = {tag.casefold(): tag for tag in sensitive_tags}
        self._revealed = False
        self._kept: OrderedDict[PictureKey, Picture | str] = OrderedDict()
        self._bytes = 0
        self.forgotten = 0

    def hidden(self, row: QueueRow) -> str:
        """Return why the samples of an import are hidden, nothing where they are not; either side's tags count."""
        tags = () if self._revealed else (*row.tags, *row.library_tags)
        tag = next((tag for tag in tags if tag.casefold() in self._sensitive), None)
        return "" if tag is None else f"hidden: tagged {plain(tag, 40)}; {self._key} shows it"

    def turn(self) -> str:
        """Show what is hidden, or hide it again, and return in words what holds now."""
        self._revealed = not self._revealed
        if not self._sensitive:
            return "No samples are hidden: no tag counts as sensitive."
        what = f"Samples tagged {' or '.join(plain(tag, 40) for tag in self._sensitive.values())}"
        return f"{what} are {f'shown: {self._key} hides' if self._revealed else f'hidden: {self._key} shows'} them."

    def first_of(self, rows: Iterable[QueueRow]) -> list[str]:
        """Return the first sample of each import that has any, leaving out what is hidden."""
        return [row.images[0] for row in rows if row.images and not self.hidden(row)]

    def get(self, key: PictureKey) -> Picture | str | None:
        """Return a picture, or why there is none; None where it has still to be made."""
        if key not in self._kept:
            return None
        self._kept.move_to_end(key)
        return self._kept[key]

    def keep(self, key: PictureKey, picture: Picture | str) -> None:
        """Keep a picture, and drop those that were not used for longest."""
        self._drop(key)
        self._kept[key] = picture
        self._bytes += _bytes(picture)
        while self._bytes > self._most:
            self._drop(next(iter(self._kept)))

    def forget_library(self, sha256: str = "") -> None:
        """Forget the library's pictures, of one model or of all: another image may have their numbers now."""
        self.forgotten += 1
        for key in [key for key in self._kept if key.side is Side.EXISTING and key.name.startswith(sha256)]:
            self._drop(key)

    def make(self, key: PictureKey) -> Picture | str:
        """Return a picture, or why there is none. Blocks: to be called in a thread."""
        read = self._pictures.of_pending if key.side is Side.PENDING else self._pictures.of_model
        try:
            picture = read(key.name, key.width, key.height)
        except CuratorError as error:
            return str(error)
        if self._ready is not None:
            self._ready(picture)
        return picture

    def _drop(self, key: PictureKey) -> None:
        if (picture := self._kept.pop(key, None)) is not None:
            self._bytes -= _bytes(picture)


class Fetching:
    """Has pictures made for one screen: those wanted now, then one by one those that may be wanted next.

    Of what was asked for before, only what is being made already is finished. What may be wanted next leaves a thread
    free, so what is wanted now begins at once.
    """

    def __init__(
        self, screen: Screen[Any], pictures: PicturesAtHand, came: Callable[[PictureKey, Picture | str], None]
    ) -> None:
        self._screen = screen
        self._pictures = pictures
        self._came = came
        self._now: list[PictureKey] = []
        self._next: list[PictureKey] = []
        self._making: set[PictureKey] = set()

    @property
    def busy(self) -> bool:
        """Whether any picture is being made."""
        return bool(self._making)

    def want(self, now: Sequence[PictureKey], ahead: Sequence[PictureKey] = ()) -> None:
        """Ask for pictures in the order they are wanted, and for others in the order they may be."""
        self._now = self._missing(now)
        # Behind another screen nobody waits for what comes next.
        self._next = self._missing(key for key in ahead if key not in now) if self._screen.is_current else []
        self._go_on()

    def _missing(self, keys: Iterable[PictureKey]) -> list[PictureKey]:
        some = dict.fromkeys(key for key in keys if key.width > 0 and key.height > 0)
        return [key for key in some if key not in self._making and self._pictures.get(key) is None]

    def _go_on(self) -> None:
        while self._now and len(self._making) < _THREADS:
            self._start(self._now.pop(0))
        if self._next and not self._making:
            self._start(self._next.pop(0))

    def _start(self, key: PictureKey) -> None:
        self._making.add(key)
        _: Worker[None] = self._screen.run_worker(partial(self._make, key), group="pictures", exit_on_error=False)

    async def _make(self, key: PictureKey) -> None:
        forgotten = self._pictures.forgotten
        try:
            picture = await asyncio.to_thread(self._pictures.make, key)
        finally:
            self._making.discard(key)
        if key.side is Side.PENDING or forgotten == self._pictures.forgotten:
            self._pictures.keep(key, picture)
        self._go_on()
        self._came(key, picture)


def _bytes(picture: Picture | str) -> int:
    return len(picture.pixels if isinstance(picture, Picture) else picture) + 200  # and what any entry takes
