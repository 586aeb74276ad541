"""Drive the import dialog in tests: open it, fill it in, and block Stage 1 where a test needs that."""

from __future__ import annotations

import asyncio
import sqlite3
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, closing

from textual.widgets import Input

from core import Library
from tests.support.app import AppHarness, running
from tui.jobs.import_job import Report
from tui.screens.import_dialog import ImportScreen

ASKED = "Bring models in"


class Dialog(AppHarness):
    """The dialog in the running app, and the results it returned."""

    answers: list[Report | None]

    def line(self, field_id: str) -> str:
        return self.app.screen.query_one(f"#{field_id}", Input).value

    async def at(self, field_id: str) -> None:
        """Wait until a line has the focus."""
        await self.wait_until(lambda: self.app.focused is self.app.screen.query_one(f"#{field_id}"))

    async def give(self, database: object, images: object = "", roots: str = "") -> None:
        """Fill in the three lines as a curator would, and start the import."""
        for field_id, value in (("source", database), ("images", images), ("roots", roots)):
            await self.fill(field_id, value)

    async def fill(self, field_id: str, value: object) -> None:
        """Fill in one line, and press Enter."""
        await self.at(field_id)
        await self.press("ctrl+e", "ctrl+u")
        await self.paste(str(value))
        await self.press("enter")

    async def closed_by(self, key: str) -> Report | None:
        await self.press(key)
        await self.wait_until(lambda: len(self.app.screen_stack) == 1)
        assert self.app.focused is self.list
        return self.answers[-1]


@asynccontextmanager
async def dialog(library: Library, size: tuple[int, int] = (120, 40)) -> AsyncIterator[Dialog]:
    async with running(library, size) as running_desk:
        desk = Dialog(running_desk.pilot, library)
        desk.answers = []
        await desk.app.push_screen(ImportScreen(library), desk.answers.append)
        await desk.wait_for_text(ASKED)
        yield desk


@asynccontextmanager
async def blocked_writes(library: Library, after: int = 0) -> AsyncIterator[Callable[[], None]]:
    """Hold the library's write lock once ``after`` imports are added, so that Stage 1 waits; yield its release."""
    with closing(sqlite3.connect(library.root / "library.db", isolation_level=None, timeout=0)) as connection:
        while not connection.in_transaction:
            await asyncio.sleep(0)
            try:
                connection.execute("BEGIN IMMEDIATE")
            except sqlite3.OperationalError:
                continue
            if connection.execute("SELECT count(*) FROM pending_import").fetchone()[0] < after:
                connection.rollback()
        yield connection.rollback
