"""Test harness for the running app: a private sample library, key presses, and the screen as plain text.

Nothing here sleeps for a fixed time: ``AppHarness.wait_until`` lets the app work until a condition holds, or fails.
"""

from __future__ import annotations

import atexit
import functools
import shutil
import sqlite3
import tempfile
import time
from collections.abc import AsyncIterator, Callable, Iterator, Sequence
from contextlib import asynccontextmanager, closing, contextmanager
from pathlib import Path

from rich.segment import Segment
from textual import events
from textual.pilot import Pilot
from textual.widget import Widget

from core.domain.enums import State, Strategy
from core.domain.records import PendingImport, QueueRow
from core.library import Library
from core.sample.library import sample_library
from core.storage import pending
from tests.support.keys import press
from tui.app import CuratorApp
from tui.config.settings import Settings
from tui.queue_model.model import QueueModel
from tui.screens.queue.screen import QueueScreen
from tui.textual_compat import crash_of
from tui.widgets.queue_list.queue_list import QueueList

PATIENCE = 30.0  # seconds before a wait fails; far more than a busy machine needs

CONFLICT = 7  # ids in the sample: a conflict with four images, one of which the library has
NEW = 11
MISSING = 18


@functools.cache
def _template() -> Path:
    folder = Path(tempfile.mkdtemp(prefix="curator-tests-"))
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    sample_library(folder).close()
    return folder


def copy_sample(folder: Path) -> Path:
    """Copy the sample, including its model files, into ``folder`` and return the library's folder."""
    return copy_of(_template(), folder)


def copy_of(template: Path, folder: Path) -> Path:
    """Copy a library with its model files into ``folder``, where its paths lead then; return the library's folder."""
    shutil.copytree(template, folder, dirs_exist_ok=True)
    with closing(sqlite3.connect(folder / "library" / "library.db")) as connection, connection:
        for table in ("pending_import", "models", "locations"):
            connection.execute(f"UPDATE {table} SET path = replace(path, ?, ?)", [str(template), str(folder)])
    return folder / "library"


@contextmanager
def sample(folder: Path, *, keep: int | None = None) -> Iterator[Library]:
    """Open a copy of the sample; with ``keep``, only the first ``keep`` imports stay in its queue."""
    with Library.open(copy_sample(folder)) as library:
        if keep is not None:
            with library.store.write() as db:
                for pending_id in library.queue.search()[keep:]:
                    pending.delete(db, pending_id)
        yield library


def add_import(library: Library, record: PendingImport) -> None:
    """Add an import with its tags to the queue, as Stage 1 would; its id must be unused."""
    with library.store.write() as db:
        for tag in record.tags:
            db.execute("INSERT OR IGNORE INTO tags (name) VALUES (?)", [tag])
        ids = [db.execute("SELECT id FROM tags WHERE name = ?", [tag]).fetchone()[0] for tag in record.tags]
        pending.insert(db, record, ids)


class AppHarness:
    """The running app: send keys to it and read its screen."""

    def __init__(self, pilot: Pilot[None], library: Library) -> None:
        self.pilot = pilot
        self.library = library

    @property
    def app(self) -> CuratorApp:
        app = self.pilot.app
        assert isinstance(app, CuratorApp)
        return app

    @property
    def queue(self) -> QueueScreen:
        """The queue screen, even while a dialog covers it."""
        screen = self.app.screen_stack[0]
        assert isinstance(screen, QueueScreen)
        return screen

    @property
    def model(self) -> QueueModel:
        return self.queue.model

    @property
    def list(self) -> QueueList:
        return self.queue.query_one(QueueList)

    def row(self, pending_id: int) -> QueueRow:
        """Return the row that the list shows for an import."""
        row = self.model.row(pending_id)
        assert row is not None
        return row

    def stored(self) -> dict[int, Strategy]:
        """Return the decisions stored in the database."""
        return dict(self.library.queue.decisions())

    async def press(self, *keys: str) -> None:
        """Send keys through the driver, each after the previous one is handled; then let the app work for a moment."""
        for key in keys:
            await press(self.pilot, key)
        await self.pilot.pause(0.02)

    async def paste(self, words: str) -> None:
        """Paste text into the focused input, as a terminal does."""
        assert self.app.focused is not None
        self.app.focused.post_message(events.Paste(words))
        await self.pilot.pause()

    async def wait_until(self, condition: Callable[[], object]) -> None:
        """Let the app work until ``condition`` holds."""
        deadline = time.monotonic() + PATIENCE
        while not condition():
            if (crash := crash_of(self.app)) is not None:
                raise crash
            assert time.monotonic() < deadline, f"never came about; the screen shows\n{self.screen()}"
            await self.pilot.pause(0.01)

    async def hashed(self) -> None:
        """Wait until every hashable file is hashed."""
        await self.wait_until(
            lambda: all(r and r.state is not State.UNHASHED for r in map(self.model.row, self.list.ids))
        )

    async def apply(self, number: int) -> None:
        """Apply all decisions, which are ``number``, and confirm it as soon as the summary offers that."""
        await self.press("a")
        await self.wait_for_text("y apply", "Answers")
        assert f"Apply {number} decision" in " ".join(self.text("#title").split())
        await self.press("y")

    async def go_to(self, pending_id: int) -> None:
        """Move the cursor to an import and wait until its facts are shown."""
        await self.press("g", *["j"] * list(self.list.ids).index(pending_id))
        assert self.list.current == pending_id
        await self.wait_until(lambda: self.row(pending_id).name[:6] in self.text("#facts"))

    async def wait_for_text(self, words: str, selector: str = "") -> None:
        """Wait until ``words`` appear on the screen, or in the widget ``selector`` of whichever screen is on top."""
        await self.wait_until(lambda: words in (self._text_if_there(selector) if selector else self.screen()))

    def _text_if_there(self, selector: str) -> str:
        return self.text(selector) if self.app.screen.query(selector) else ""

    def text(self, selector: str) -> str:
        """Return the rendered lines of a widget on the top screen."""
        return "\n".join("".join(part.text for part in line) for line in self.segments(selector))

    def segments(self, selector: str) -> Sequence[Sequence[Segment]]:
        """Return the rendered lines of a widget on the top screen, with styles."""
        widget = self.app.screen.query_one(selector, Widget)
        return [list(strip) for strip in widget.render_lines(widget.outer_size.region)]

    def screen(self) -> str:
        """Return the whole screen as plain text."""
        return "\n".join(strip.text for strip in self.app.screen._compositor.render_strips())

    def line_of(self, pending_id: int) -> str:
        """Return the list's line for an import."""
        return next(line for line in self.text("#list").split("\n") if line[3:].split()[:1] == [str(pending_id)])


@asynccontextmanager
async def running(
    library: Library, size: tuple[int, int] = (140, 42), settings: Settings | None = None
) -> AsyncIterator[AppHarness]:
    """Run the app on a library; yield once its list is complete and the current row is loaded."""
    app = CuratorApp(library, settings=settings)
    async with app.run_test(size=size) as pilot:
        desk = AppHarness(pilot, library)
        await desk.wait_until(lambda: list(desk.list.ids) == list(library.queue.search()))
        await desk.wait_until(lambda: desk.list.current is None or desk.model.current_row)
        yield desk


@asynccontextmanager
async def hashed_app(folder: Path, size: tuple[int, int] = (140, 42)) -> AsyncIterator[AppHarness]:
    """Run the app on a copy of the sample, with every file hashed."""
    with sample(folder) as library:
        async with running(library, size) as desk:
            await desk.hashed()
            yield desk
