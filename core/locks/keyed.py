"""Locks inside this process, by pending id and by SHA-256.

They only avoid duplicate work and report ``locked``; exactly-once promotion is guaranteed by the database transaction.
"""

from __future__ import annotations

import threading
from typing import Generic, TypeVar
from weakref import WeakValueDictionary

_Key = TypeVar("_Key")


class KeyedLocks(Generic[_Key]):
    """A lock for each key, created on demand and discarded when no thread holds it or waits for it.

    An interrupt before the release therefore cannot leave a key locked.
    """

    def __init__(self) -> None:
        self._locks: WeakValueDictionary[_Key, threading.Lock] = WeakValueDictionary()
        self._guard = threading.Lock()

    def of(self, key: _Key) -> threading.Lock:
        """Return the lock of a key; keep a reference to it while it is held."""
        with self._guard:
            return self._locks.setdefault(key, threading.Lock())
