"""Background hashing of the queue's files, visible ones first, while the curator decides."""

from __future__ import annotations

import logging
import threading
from array import array
from bisect import bisect_left
from collections.abc import Callable, Sequence
from concurrent.futures import FIRST_COMPLETED, Executor, Future, wait
from dataclasses import dataclass, field

from core.errors import Cancelled, CuratorError
from core.files.safe_open import model_size
from core.hashing.hasher import Hasher
from core.storage import LibraryDatabase, queue_rows

_log = logging.getLogger("model_curator.hashing")
_LOOK_AGAIN = 0.5  # seconds
_WINDOW = 500
_NOT_LOOKED_AT, _DONE = -1, -2  # stored instead of a size


@dataclass(frozen=True, slots=True)
class HashProgress:
    """Progress of background hashing. ``finished`` is the id just done, ``error`` why its file could not be hashed."""

    files_done: int
    files_total: int
    bytes_done: int
    bytes_total: int
    hashing: tuple[int, ...]
    finished: int | None = None
    error: str | None = None


@dataclass(slots=True)
class _Run:
    """The state of one run, shared by its hashing threads under ``lock``."""

    report: Callable[[HashProgress], None]
    files_total: int = 0
    bytes_total: int = 0
    files_done: int = 0
    bytes_done: int = 0
    active: dict[int, int] = field(default_factory=dict)
    failed: bool = False
    lock: threading.Lock = field(default_factory=threading.Lock)

    def tell(self, *, finished: int | None = None, error: str | None = None) -> None:
        with self.lock:
            done = self.bytes_done + sum(self.active.values())
            now = HashProgress(
                self.files_done, self.files_total, done, self.bytes_total, tuple(self.active), finished, error
            )
        self.report(now)


class _HashQueue:
    """The files still to be hashed, checked window by window, so that hashing starts before the last row is checked.

    Only a size is kept for each: there may be 100,000.
    """

    def __init__(self, ids: Sequence[int], look: Callable[[Sequence[int]], dict[int, int]]) -> None:
        self._ids = ids
        self._look = look  # from ids to the sizes of those still to be hashed
        self._sizes = array("q", [_NOT_LOOKED_AT]) * len(ids)
        self._reached = 0  # all positions before this one have been checked
        self._next = 0  # nothing before this one remains to be hashed

    @property
    def complete(self) -> bool:
        """Whether every row has been checked."""
        return self._reached == len(self._ids)

    def look_on(self) -> None:
        """Check the next window, if there is one."""
        window = range(self._reached, min(self._reached + _WINDOW, len(self._ids)))
        self._look_at(window)
        self._reached = window.stop

    def is_empty(self, cancel: threading.Event) -> bool:
        """Return whether nothing is left, checking further windows until that is known."""
        while not cancel.is_set():
            while self._next < self._reached and self._sizes[self._next] < 0:
                self._next += 1
            if self._next < self._reached or self.complete:
                break
            self.look_on()
        return self._next == self._reached

    def take(self, wanted: Sequence[int]) -> tuple[int, int]:
        """Take the first wanted file that is still to be hashed, or else the next one; return its id and size."""
        places = [place for pending_id in wanted if (place := self._place(pending_id)) is not None]
        self._look_at(places)
        chosen = next((place for place in places if self._sizes[place] >= 0), self._next)
        size, self._sizes[chosen] = self._sizes[chosen], _DONE
        return self._ids[chosen], size

    def _place(self, pending_id: int) -> int | None:
        place = bisect_left(self._ids, pending_id)
        return place if place < len(self._ids) and self._ids[place] == pending_id else None

    def _look_at(self, places: Sequence[int]) -> None:
        new = [place for place in places if self._sizes[place] == _NOT_LOOKED_AT]
        found = self._look([self._ids[place] for place in new]) if new else {}
        for place in new:
            self._sizes[place] = found.get(self._ids[place], _DONE)


class BackgroundHasher:
    """Hashes files that are not hashed yet, a few at a time."""

    def __init__(self, store: LibraryDatabase, hasher: Hasher, executor: Executor, at_once: int = 2) -> None:
        self._store = store
        self._hasher = hasher
        self._executor = executor
        self._at_once = at_once

    def run(
        self,
        ids: Sequence[int],
        first: Callable[[], Sequence[int]],
        cancel: threading.Event,
        report: Callable[[HashProgress], None],
    ) -> None:
        """Hash the files of ``ids``, which are ascending; before each file ``first()`` returns the ids to prefer.

        Otherwise the lowest id is next. The reported totals grow until every row has been checked. Raises LibraryError
        if the library is closed, and anything that ``first`` or ``report`` raise, after all running tasks have ended.
        """
        run = _Run(report)
        busy: set[Future[None]] = set()
        try:
            self._run(run, ids, first, cancel, busy)
        except BaseException:
            run.failed = True
            raise
        finally:
            wait(busy)

    def _run(
        self,
        run: _Run,
        ids: Sequence[int],
        first: Callable[[], Sequence[int]],
        cancel: threading.Event,
        busy: set[Future[None]],
    ) -> None:
        todo = _HashQueue(ids, lambda window: self._unhashed(window, run))
        while not cancel.is_set():
            while len(busy) < self._at_once and not cancel.is_set() and not todo.is_empty(cancel):
                busy.add(self._executor.submit(self._one, run, *todo.take(first()), cancel))
            if not busy:
                break
            if not todo.complete:
                todo.look_on()
            done, _ = wait(busy, timeout=_LOOK_AGAIN if todo.complete else 0, return_when=FIRST_COMPLETED)
            busy.difference_update(done)
            for future in done:
                future.result()

    def _unhashed(self, ids: Sequence[int], run: _Run) -> dict[int, int]:
        """Return the sizes of the files that are still to be hashed, by id."""
        found: dict[int, int] = {}
        for pending_id, path in self._paths(ids).items():
            size = model_size(path)
            if size is not None and self._hasher.cached_hash(path) is None:
                found[pending_id] = size
        with run.lock:
            run.files_total += len(found)
            run.bytes_total += sum(found.values())
        return found

    def _paths(self, ids: Sequence[int]) -> dict[int, str]:
        with self._store.read() as db:
            return queue_rows.paths(db, ids)

    def _one(self, run: _Run, pending_id: int, size: int, cancel: threading.Event) -> None:
        def progress(done: int, _: int) -> None:
            if run.failed:
                raise Cancelled("background hashing stopped")
            self._store.check_open()
            run.active[pending_id] = done
            run.tell()

        with run.lock:
            run.active[pending_id] = 0
        error = None
        for path in self._paths([pending_id]).values():  # none if it has left the queue meanwhile
            try:
                self._hasher.sha256(path, cancel=cancel, progress=progress)
            except Cancelled:
                return
            except CuratorError as reason:
                self._store.check_open()
                error = str(reason)
                _log.warning("%s could not be hashed: %s", path, reason)
        with run.lock:
            del run.active[pending_id]
            run.files_done += 1
            run.bytes_done += size
        run.tell(finished=pending_id, error=error)
