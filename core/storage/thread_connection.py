"""A connection that ends with its thread."""

from __future__ import annotations

import os
import sqlite3
from contextlib import suppress

from sqlite_utils import Database


class ThreadConnection:
    """A thread's connection. The thread's end drops this, and that closes it."""

    def __init__(self, db: Database, opened: set[sqlite3.Connection]) -> None:
        self.db = db
        self._opened = opened
        self._pid = os.getpid()

    def __del__(self) -> None:
        if os.getpid() != self._pid:  # a fork ends the parent's other threads in the child: see core.locks.forks
            return
        with suppress(KeyError):  # whoever takes it out of the set closes it
            self._opened.remove(self.db.conn)
            self.db.conn.close()
