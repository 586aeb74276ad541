"""What must happen around a fork: locks, threads and SQLite's connections do not survive one.

SQLite keeps in memory, for all connections of a process together, which locks on a file the process holds. After a
fork the child believes to hold the parent's: a connection that it opens to the same file would have none. Only where
the child closes every inherited connection first, and none was in use at the fork, does it start clean. See
https://www.sqlite.org/howtocorrupt.html#_carrying_an_open_database_connection_across_a_fork_
"""

from __future__ import annotations

import os
import threading
import weakref
from typing import Protocol

FORKED = "the library was opened in another process; open it again in this one"


class Forking(Protocol):
    """An object that a fork concerns; the three run in the thread that forks."""

    def before_fork(self) -> None:
        """Bring the object to rest."""

    def after_fork(self) -> None:
        """Go on, in the process that forked."""

    def after_fork_in_child(self) -> None:
        """Let go of what belongs to the parent, without a trace there."""


_watched: weakref.WeakSet[Forking] = weakref.WeakSet()
_resting: list[Forking] = []
_one_at_a_time = threading.Lock()


def watch(one: Forking) -> None:
    """Have the object's methods called around each fork, as long as it lives."""
    _watched.add(one)


def _before() -> None:
    _one_at_a_time.acquire()
    _resting[:] = list(_watched)
    for one in _resting:
        one.before_fork()


def _after() -> None:
    for one in _resting:
        one.after_fork()
    _resting.clear()
    _one_at_a_time.release()


def _after_in_child() -> None:
    for one in _resting:
        one.after_fork_in_child()
        _watched.discard(one)
    _resting.clear()
    _one_at_a_time.release()


os.register_at_fork(before=_before, after_in_parent=_after, after_in_child=_after_in_child)
