"""Hashing ahead of time: the queue's files, those in view first, while the curator decides."""

from __future__ import annotations

import logging
import threading
from collections import deque
from collections.abc import Callable, Sequence
from concurrent.futures import FIRST_COMPLETED, Executor, Future, wait
from dataclasses import dataclass, field

from core.errors import Cancelled, CuratorError, LibraryError
from core.files import model_size
from core.hasher import Hasher
from core.store import Store, rows

_log = logging.getLogger("model_curator.hashing")
_LOOK_AGAIN = 0.5  # seconds
_WINDOW = 500


@dataclass(frozen=True, slots=True)
class HashProgress:
    """How far hashing ahead is. ``finished`` is the id just done, ``error`` why its file could not be hashed."""

    files_done: int
    files_total: int
    bytes_done: int
    bytes_total: int
    hashing: tuple[int, ...]
    finished: int | None = None
    error: str | None = None


@dataclass(frozen=True, slots=True)
class _File:
    path: str
    size: int


@dataclass(slots=True)
class _Run:
    """The state of one run, shared by its hashing threads under ``lock``."""

    report: Callable[[HashProgress], None]
    files_total: int = 0
    bytes_total: int = 0
    files_done: int = 0
    bytes_done: int = 0
    active: dict[int, int] = field(default_factory=dict)
    lock: threading.Lock = field(default_factory=threading.Lock)

    def tell(self, *, finished: int | None = None, error: str | None = None) -> None:
        with self.lock:
            done = self.bytes_done + sum(self.active.values())
            now = HashProgress(
                self.files_done, self.files_total, done, self.bytes_total, tuple(self.active), finished, error
            )
        self.report(now)


class _Todo:
    """The files still to be hashed, looked up window by window: the first one need not wait for the last row.

    ``ids`` are in order, so that how far it got tells which were looked at, apart from a few that were wanted sooner.
    """

    def __init__(self, ids: Sequence[int], look: Callable[[Sequence[int]], dict[int, _File]]) -> None:
        self._windows = iter([ids[start : start + _WINDOW] for start in range(0, len(ids), _WINDOW)])
        self._look = look
        self._files: dict[int, _File] = {}
        self._order: deque[int] = deque()
        self._reached = 0
        self._ahead: set[int] = set()
        self.complete = False

    def look_on(self) -> None:
        """Look at one more window, where there is one."""
        window = next(self._windows, None)
        if window is None:
            self.complete = True
        else:
            self._look_at(window)
            self._reached = window[-1]
            self._ahead = {pending_id for pending_id in self._ahead if pending_id > self._reached}

    def is_empty(self, cancel: threading.Event) -> bool:
        """Tell whether nothing is left; looks on until that is known."""
        while not self._files and not self.complete and not cancel.is_set():
            self.look_on()
        return not self._files

    def take(self, wanted: Sequence[int]) -> tuple[int, _File]:
        """Take the first of the wanted ones that is to be hashed, else the next."""
        if not self.complete:
            self._ahead.update(self._look_at(wanted))
        chosen = next((pending_id for pending_id in wanted if pending_id in self._files), None)
        while chosen is None:
            if self._order[0] in self._files:
                chosen = self._order[0]
            else:
                self._order.popleft()
        return chosen, self._files.pop(chosen)

    def _look_at(self, ids: Sequence[int]) -> Sequence[int]:
        new = [pending_id for pending_id in ids if pending_id > self._reached and pending_id not in self._ahead]
        found = self._look(new) if new else {}
        self._files.update(found)
        self._order.extend(found)
        return new


class HashAhead:
    """Hashes what is not hashed yet, a few files at a time."""

    def __init__(self, store: Store, hasher: Hasher, executor: Executor, at_once: int = 2) -> None:
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
        """Hash the files of ``ids``, lowest first; before each next one ``first()`` is asked which are wanted soonest.

        What is reported as the total grows until every row has been looked at.
        """
        run = _Run(report)
        todo = _Todo(ids, lambda window: self._unhashed(window, run))
        busy: set[Future[None]] = set()
        while not cancel.is_set():
            while len(busy) < self._at_once and not cancel.is_set() and not todo.is_empty(cancel):
                busy.add(self._submit(run, *todo.take(first()), cancel))
            if not busy:
                break
            if not todo.complete:
                todo.look_on()
            done, busy = wait(busy, timeout=_LOOK_AGAIN if todo.complete else 0, return_when=FIRST_COMPLETED)
            for future in done:
                future.result()
            busy = _not_cancelled(busy)
        while busy:
            busy = _not_cancelled(wait(busy, timeout=_LOOK_AGAIN).not_done)

    def _unhashed(self, ids: Sequence[int], run: _Run) -> dict[int, _File]:
        found: dict[int, _File] = {}
        with self._store.reading() as db:
            for pending_id, path in rows.paths(db, ids).items():
                size = model_size(path)
                if size is not None and self._hasher.known(path) is None:
                    found[pending_id] = _File(path, size)
        with run.lock:
            run.files_total += len(found)
            run.bytes_total += sum(file.size for file in found.values())
        return found

    def _submit(self, run: _Run, pending_id: int, file: _File, cancel: threading.Event) -> Future[None]:
        try:
            return self._executor.submit(self._one, run, pending_id, file, cancel)
        except RuntimeError as error:  # shut down
            raise LibraryError("the library is closed") from error

    def _one(self, run: _Run, pending_id: int, file: _File, cancel: threading.Event) -> None:
        def progress(done: int, _: int) -> None:
            run.active[pending_id] = done
            run.tell()

        with run.lock:
            run.active[pending_id] = 0
        error = None
        try:
            self._hasher.sha256(file.path, cancel=cancel, progress=progress)
        except Cancelled:
            return
        except CuratorError as reason:
            error = str(reason)
            _log.warning("%s could not be hashed: %s", file.path, reason)
        with run.lock:
            del run.active[pending_id]
            run.files_done += 1
            run.bytes_done += file.size
        run.tell(finished=pending_id, error=error)


def _not_cancelled(busy: set[Future[None]]) -> set[Future[None]]:
    # Closing the library cancels what has not begun, and of that ``wait`` is never told.
    return {future for future in busy if not future.cancelled()}
