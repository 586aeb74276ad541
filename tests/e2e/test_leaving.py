"""The end of the process: whatever the app does and however it is ended, it exits soon and the library is intact."""

from __future__ import annotations

import functools
import io
import itertools
import os
import shutil
import signal
import sqlite3
import subprocess
import threading
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from enum import Enum
from pathlib import Path
from tempfile import mkdtemp

import pytest
from PIL import Image

from core.domain.enums import Strategy
from core.library import Library
from core.verify import check_library
from tests.e2e.test_terminal import FIRST_ROW, check_restored
from tests.support.app import copy_sample
from tests.support.builders import OldRow, add_pending, model_file, old_database
from tests.support.pseudo_terminal import PATIENCE, Terminal, terminal
from tui.terminal import leaving

SOON = 2.0 + 2.0  # seconds: what is promised, and what a busy machine may add
MANY, FIRST = 60, 6  # imports to apply, each of which takes a while; the first import of the sample's queue


class End(Enum):
    """How the app is ended."""

    WINDOW = "the window is closed"
    LINE = "the terminal goes away without a signal"
    TERM = signal.SIGTERM
    HANGUP = signal.SIGHUP
    INTERRUPT = signal.SIGINT

    @property
    def code(self) -> int:
        """The exit code it leads to."""
        return 128 + (self.value if isinstance(self.value, signal.Signals) else signal.SIGHUP)

    def bring(self, seen: Terminal) -> None:
        """End the app; the terminal goes on reading, where there still is one."""
        if isinstance(self.value, signal.Signals):
            seen.process.send_signal(self.value)
        else:
            seen.close()


ENDS = pytest.mark.parametrize("end", End, ids=lambda end: end.name.lower())


def leave(seen: Terminal, end: End) -> None:
    """End the app, and check that it is gone in time and how."""
    begun = time.monotonic()
    end.bring(seen)
    if isinstance(end.value, signal.Signals):
        code = seen.end()
        check_restored(seen)
    else:
        try:
            code = seen.process.wait(SOON)
        except subprocess.TimeoutExpired:
            pytest.fail("the process stayed")
    assert time.monotonic() - begun < SOON
    assert code == end.code


@contextmanager
def app(folder: Path, home: Path, end: End, *, script: str = "") -> Iterator[Terminal]:
    """Run the app in a terminal like the one that is to end; afterwards check that it left by itself."""
    log = home / "log"
    arguments = [str(folder)] if script else ["--library", str(folder), "--log-file", str(log)]
    with terminal(*arguments, home=home, script=script, controlling=end is not End.LINE) as seen:
        seen.see(FIRST_ROW)
        yield seen
    assert script or "was ended without" not in log.read_text()


def check_whole(folder: Path) -> None:
    """Check that nothing was left open, that nobody holds the lock, and that the library is in order."""
    with Library.open(folder) as library:
        assert not library.recovered
        assert library._lock is not None and library._lock.alone
        assert check_library(library).ok


@functools.cache
def _many() -> Path:
    folder = Path(mkdtemp(prefix="curator-leaving-"))
    out = io.BytesIO()
    Image.linear_gradient("L").resize((1600, 1200)).convert("RGB").save(out, "PNG")
    with Library.open(folder / "library") as library:
        for n in range(MANY):
            path = model_file(folder / "models", f"{n}.safetensors", f"weights {n}".encode())
            add_pending(library, path, name=f"model-{n}", images=[out.getvalue()])
        library.queue.decide(library.queue.search(), Strategy.MERGE)
    return folder


@pytest.fixture
def many(tmp_path: Path) -> Path:
    """A library with many decisions to apply, each with an image to be made into tiers."""
    shutil.copytree(_many(), tmp_path, dirs_exist_ok=True)
    with closing(sqlite3.connect(tmp_path / "library" / "library.db")) as connection, connection:
        connection.execute("UPDATE pending_import SET path = replace(path, ?, ?)", [str(_many()), str(tmp_path)])
    return tmp_path / "library"


@pytest.fixture(scope="module", autouse=True)
def _no_rest() -> Iterator[None]:
    yield
    if _many.cache_info().currsize:
        shutil.rmtree(_many(), ignore_errors=True)
        _many.cache_clear()


@ENDS
def test_idle(tmp_path: Path, end: End) -> None:
    folder = copy_sample(tmp_path)
    with app(folder, tmp_path, end) as seen:
        seen.see("19 pending")
        seen.press("m")
        seen.see("● merge")
        leave(seen, end)
    check_whole(folder)
    with Library.open(folder, readonly=True) as library:
        assert library.queue.decisions() == [(FIRST, Strategy.MERGE)]


@ENDS
def test_applying(tmp_path: Path, many: Path, end: End) -> None:
    with terminal(
        "--library", str(many), "--log-file", str(tmp_path / "log"), home=tmp_path, controlling=end is not End.LINE
    ) as seen:
        seen.see(f"{MANY} decided")
        seen.press("a")
        seen.see(f"Apply {MANY} decisions")
        seen.see("y apply")
        seen.press("y")
        seen.see(f"3 of {MANY}")
        leave(seen, end)
    assert "was ended without" not in (tmp_path / "log").read_text()
    check_whole(many)
    with Library.open(many, readonly=True) as library:
        left = library.queue.search()
        assert 0 < len(left) <= MANY - 2
        assert [pending_id for pending_id, _ in library.queue.decisions()] == list(left)


@ENDS
@pytest.mark.parametrize(("key", "words"), [("a", "1 decision"), ("i", "Bring models in")])
def test_with_a_dialog_open(tmp_path: Path, end: End, key: str, words: str) -> None:
    folder = copy_sample(tmp_path)
    with app(folder, tmp_path, end) as seen:
        seen.see("19 pending")
        seen.press("m")
        seen.see("● merge")
        seen.press(key)
        seen.see(words)
        leave(seen, end)
    check_whole(folder)


@ENDS
def test_importing(tmp_path: Path, end: End) -> None:
    folder = copy_sample(tmp_path)
    rows = [OldRow(n + 1, f"/old/{n}.safetensors") for n in range(30_000)]
    database = old_database(tmp_path / "old.db", rows)
    with app(folder, tmp_path, end) as seen:
        seen.see("19 pending")
        seen.press("i")
        seen.see("Bring models in")
        seen.press(f"{database}\r")
        seen.see("The folder of the database's images")
        seen.press("\r")
        seen.see("Where an old folder is")
        seen.press("\r")
        seen.see("of 30,000 rows")
        leave(seen, end)
    check_whole(folder)


@ENDS
def test_hashing_ahead(tmp_path: Path, end: End) -> None:
    folder = copy_sample(tmp_path)
    with Library.open(folder) as library:
        os.truncate(library.queue.rows([24])[0].path, 20 << 30)  # sparse
    with app(folder, tmp_path, end) as seen:
        seen.see("hashing")
        leave(seen, end)
    check_whole(folder)


@pytest.mark.parametrize("key", ["q", "\x03", "\x11"])
def test_by_a_key_while_applying(tmp_path: Path, many: Path, key: str) -> None:
    with terminal("--library", str(many), home=tmp_path) as seen:
        seen.see(f"{MANY} decided")
        seen.press("a")
        seen.see(f"Apply {MANY} decisions")
        seen.see("y apply")
        seen.press("y")
        seen.see(f"3 of {MANY}")
        begun = time.monotonic()
        seen.press(key)
        assert seen.end() == 0
        assert time.monotonic() - begun < SOON
        check_restored(seen)
    check_whole(many)


_SHORT_QUEUE = "import textual.drivers._writer_thread as writer; writer.MAX_QUEUED_WRITES = 3"
# The file to the terminal always holds something that is not written yet.
_BUFFERED = """
from tui.textual_compat import _Output as output
flush = output.flush
output.flush = lambda self: (flush(self), self._file.write(" "))
"""


@pytest.mark.parametrize("beforehand", [_SHORT_QUEUE, _BUFFERED], ids=["queued", "buffered"])
def test_what_is_still_to_be_written_to_a_lost_terminal_is_in_nobodys_way(tmp_path: Path, beforehand: str) -> None:
    folder = copy_sample(tmp_path)
    with app(folder, tmp_path, End.LINE, script=f"{beforehand}\n{_RUN}") as seen:
        seen.see("19 pending")
        leave(seen, End.LINE)
    check_whole(folder)


_RUN = """
import sys
from core.library import Library
from tui.app import CuratorApp
from tui.config.log_file import start_log
if len(sys.argv) > 2:
    start_log(sys.argv[2])
with Library.open(sys.argv[1]) as library:
    app = CuratorApp(library)
    app.run()
sys.exit(app.return_code)
"""
# One long system call that no signal ends.
_STUCK = """
import signal, sys, time
from pathlib import Path
import tui.app
def stuck(app):
    signal.pthread_sigmask(signal.SIG_BLOCK, [signal.SIGTERM, signal.SIGHUP])  # another thread takes it
    Path(sys.argv[2]).with_name("stuck").touch()
    time.sleep(1000)
tui.app.CuratorApp.action_help = stuck
"""


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGHUP])
def test_a_blocked_loop_does_not_keep_the_process(tmp_path: Path, number: signal.Signals) -> None:
    folder, log = copy_sample(tmp_path), tmp_path / "log"
    with terminal(str(folder), str(log), home=tmp_path, script=_STUCK + _RUN) as seen:
        seen.see("19 pending")
        seen.press("m?")
        seen.wait((tmp_path / "stuck").exists)
        begun = time.monotonic()
        seen.process.send_signal(number)
        assert seen.end() == 128 + number
        assert time.monotonic() - begun < SOON
        assert seen.echoes, "the modes of the terminal are put back even so"
    assert "was ended without waiting" in log.read_text()
    check_whole(folder)


def test_a_terminal_that_nobody_reads_does_not_keep_the_process(tmp_path: Path) -> None:
    with app(folder := copy_sample(tmp_path), tmp_path, End.TERM, script=_RUN) as seen:
        seen.see("19 pending")
        seen.press("?\x1b" * 200)  # far more than a pseudo-terminal holds is drawn for these
        seen.process.send_signal(signal.SIGTERM)
        assert seen.process.wait(2 * SOON) == 128 + signal.SIGTERM
    check_whole(folder)


def test_a_terminal_that_takes_output_slowly_is_waited_for(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(leaving, "_BOUND", 0.3)
    monkeypatch.setattr(leaving, "_BEAT", 0.05)
    ended, pieces, slow = threading.Event(), itertools.count(), True
    monkeypatch.setattr(leaving.Shutdown, "_end", lambda _: ended.set())
    watch = leaving.Shutdown(lambda: next(pieces) if slow else 0)
    watch.watch(lambda _: None)
    watch.begin(0)
    assert not ended.wait(1.0)
    slow = False
    assert ended.wait(PATIENCE)
