"""What a fork leaves of a library: locks, threads and SQLite's connections do not survive one.

SQLite keeps in memory, for all connections of a process together, which locks on a file the process holds. After a
fork the child believes to hold the parent's: a connection that it opens to the same file would have none, and closing
an inherited one could roll back the parent's transaction. So the child closes nothing, and does not open that library
again. See https://www.sqlite.org/howtocorrupt.html#_carrying_an_open_database_connection_across_a_fork_
"""

from __future__ import annotations

import os
import weakref
from typing import Protocol

FORKED = "the library was opened in another process; open it in one that is spawned, not forked"


class Forking(Protocol):
    """An object that a fork concerns."""

    def after_fork_in_child(self) -> None:
        """Let go of what belongs to the parent, without a trace there."""


_watched: weakref.WeakSet[Forking] = weakref.WeakSet()


def watch(one: Forking) -> None:
    """Have the object's method called in the child of each fork, as long as it lives."""
    _watched.add(one)


def _after_in_child() -> None:
    for one in list(_watched):
        one.after_fork_in_child()
        _watched.discard(one)


os.register_at_fork(after_in_child=_after_in_child)
