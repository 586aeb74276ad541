"""Hashing ahead of time: the queue's files, those in view first, while the curator decides."""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Callable, Sequence
from concurrent.futures import FIRST_COMPLETED, Executor, Future, wait
from dataclasses import dataclass, field

from core.errors import Cancelled, CuratorError, LibraryError
from core.files import model_size
from core.hasher import Hasher
from core.store import Store, rows

_LOOK_AGAIN = 0.5  # seconds
_AT_ONCE = 2
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


class HashAhead:
    """Hashes what is not hashed yet, two files at a time."""

    def __init__(self, store: Store, hasher: Hasher, executor: Executor) -> None:
        self._store = store
        self._hasher = hasher
        self._executor = executor

    def run(
        self,
        ids: Sequence[int],
        first: Callable[[], Sequence[int]],
        cancel: threading.Event,
        report: Callable[[HashProgress], None],
    ) -> None:
        """Hash the files of ``ids``; before each next file ``first()`` is asked which ids are wanted soonest."""
        todo = self._todo(ids, cancel)
        run = _Run(report, len(todo), sum(size for _, size in todo.values()))
        order = deque(todo)
        busy: set[Future[None]] = set()
        while (todo or busy) and not cancel.is_set():
            while todo and len(busy) < _AT_ONCE:
                pending_id = self._next(todo, order, first)
                path, size = todo.pop(pending_id)
                busy.add(self._submit(run, pending_id, path, size, cancel))
            done, busy = wait(busy, timeout=_LOOK_AGAIN, return_when=FIRST_COMPLETED)
            for future in done:
                future.result()
            busy = _not_cancelled(busy)
        while busy:
            busy = _not_cancelled(wait(busy, timeout=_LOOK_AGAIN).not_done)

    def _todo(self, ids: Sequence[int], cancel: threading.Event) -> dict[int, tuple[str, int]]:
        todo: dict[int, tuple[str, int]] = {}
        for start in range(0, len(ids), _WINDOW):
            if cancel.is_set():
                break
            with self._store.reading() as db:
                paths = rows.paths(db, ids[start : start + _WINDOW])
                for pending_id, path in paths.items():
                    size = model_size(path)
                    if size is not None and self._hasher.known(path) is None:
                        todo[pending_id] = path, size
        return todo

    def _submit(self, run: _Run, pending_id: int, path: str, size: int, cancel: threading.Event) -> Future[None]:
        try:
            return self._executor.submit(self._one, run, pending_id, path, size, cancel)
        except RuntimeError as error:  # shut down
            raise LibraryError("the library is closed") from error

    @staticmethod
    def _next(todo: dict[int, tuple[str, int]], order: deque[int], first: Callable[[], Sequence[int]]) -> int:
        for pending_id in first():
            if pending_id in todo:
                return pending_id
        while order[0] not in todo:
            order.popleft()
        return order[0]

    def _one(self, run: _Run, pending_id: int, path: str, size: int, cancel: threading.Event) -> None:
        def progress(done: int, _: int) -> None:
            run.active[pending_id] = done
            run.tell()

        with run.lock:
            run.active[pending_id] = 0
        error = None
        try:
            self._hasher.sha256(path, cancel=cancel, progress=progress)
        except Cancelled:
            return
        except CuratorError as reason:
            error = str(reason)
        with run.lock:
            del run.active[pending_id]
            run.files_done += 1
            run.bytes_done += size
        run.tell(finished=pending_id, error=error)


def _not_cancelled(busy: set[Future[None]]) -> set[Future[None]]:
    # Closing the library cancels what has not begun, and of that ``wait`` is never told.
    return {future for future in busy if not future.cancelled()}
