"""Handling of forks: a library's locks, threads and SQLite connections do not survive one.

SQLite records in memory, for all connections of a process together, which locks on a file the process holds. After a
fork the child's SQLite assumes that it holds the parent's locks: a new connection to the same file would have none, and
closing an inherited one could roll back the parent's transaction. So the child closes nothing, and does not open that
library again. See https://www.sqlite.org/howtocorrupt.html#_carrying_an_open_database_connection_across_a_fork_
"""

from __future__ import annotations

import os
import weakref
from typing import Protocol

FORKED = "the library was opened in another process; open it in one that is spawned, not forked"


class Forking(Protocol):
    """An object that must react to a fork."""

    def after_fork_in_child(self) -> None:
        """Release what belongs to the parent, without affecting the parent."""


_watched: weakref.WeakSet[Forking] = weakref.WeakSet()


def watch(one: Forking) -> None:
    """Call the object's ``after_fork_in_child`` in the child of each fork, for as long as the object lives."""
    _watched.add(one)


def _after_in_child() -> None:
    for one in list(_watched):
        one.after_fork_in_child()
        _watched.discard(one)


os.register_at_fork(after_in_child=_after_in_child)
