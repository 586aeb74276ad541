"""Using core from many short threads: a thread's connection is closed when the thread ends."""

from __future__ import annotations

from pathlib import Path

from core import Library
from tests.support.builders import add_pending
from tests.support.other_process import script


def test_six_hundred_short_threads_leave_nothing_open(tmp_path: Path) -> None:
    with Library.open(tmp_path / "library") as library:
        add_pending(library, "/m/a")
    code = """
import os, resource, sys, threading
from core import Library, Strategy
resource.setrlimit(resource.RLIMIT_NOFILE, (64, 64))
failed, counted = [], []
threading.excepthook = lambda args: failed.append(args.exc_value)
with Library.open(sys.argv[1]) as library:
    def work():
        library.queue.decide([1], Strategy.SKIP)
        library.queue.search()
    for n in range(600):
        thread = threading.Thread(target=work)
        thread.start()
        thread.join()
        if n in (10, 599): counted.append(len(os.listdir("/proc/self/fd")))
    for n in range(75):  # and eight at a time
        threads = [threading.Thread(target=work) for _ in range(8)]
        for thread in threads: thread.start()
        for thread in threads: thread.join()
    counted.append(len(library.store._opened))
print(failed, counted[0] == counted[1], counted[2], len(os.listdir("/proc/self/fd")))
"""
    assert script(code, library.root) == "[] True 1 4", "one connection is left, of the main thread"


def test_a_thread_that_ends_while_the_library_is_closed_hurts_nobody(tmp_path: Path) -> None:
    code = """
import sys, threading
from core import Library
from core.errors import LibraryError
failed = []
threading.excepthook = lambda args: failed.append(args.exc_value)
for _ in range(60):
    library = Library.open(sys.argv[1])
    def work():
        try:
            for _ in range(5): library.queue.search()
        except LibraryError:
            pass
    threads = [threading.Thread(target=work) for _ in range(8)]
    for thread in threads: thread.start()
    library.close()
    for thread in threads: thread.join()
print(failed)
"""
    assert script(code, tmp_path / "library") == "[]"


def test_a_library_that_is_dropped_unclosed_closes_its_connections(tmp_path: Path) -> None:
    code = """
import gc, os, sys
from core import Library
library = Library.open(sys.argv[1])
del library
gc.collect()
print([name for name in os.listdir(sys.argv[1]) if name.startswith("library.db-")])
"""
    assert script(code, tmp_path / "library") == "[]"
