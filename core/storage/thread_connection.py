"""A database connection that is closed when its thread ends."""

from __future__ import annotations

import os
import sqlite3
from contextlib import suppress

from sqlite_utils import Database


class ThreadConnection:
    """A thread's connection. This object is dropped when the thread ends, which closes the connection."""

    def __init__(self, db: Database, opened: set[sqlite3.Connection]) -> None:
        self.db = db
        self._opened = opened
        self._pid = os.getpid()

    def __del__(self) -> None:
        if os.getpid() != self._pid:  # in the child of a fork, all other threads end: see core.locks.forks
            return
        with suppress(KeyError):  # the thread that removes it from the set closes it
            self._opened.remove(self.db.conn)
            self.db.conn.close()
