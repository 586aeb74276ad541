"""Locks inside this process, by pending id and by SHA-256."""

from __future__ import annotations

import threading
from typing import Generic, TypeVar
from weakref import WeakValueDictionary

_Key = TypeVar("_Key")


class KeyedLocks(Generic[_Key]):
    """A lock for each key, made when it is asked for and gone with the last who holds it or waits for it.

    An interrupt that comes before it is released therefore locks nobody out.
    """

    def __init__(self) -> None:
        self._locks: WeakValueDictionary[_Key, threading.Lock] = WeakValueDictionary()
        self._guard = threading.Lock()

    def of(self, key: _Key) -> threading.Lock:
        """Return the lock of a key; keep it as long as it is held."""
        with self._guard:
            return self._locks.setdefault(key, threading.Lock())
