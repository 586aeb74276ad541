"""A fork (multiprocessing's default): the child gets an error immediately, and disturbs nothing of its parent.

Everything runs in separate processes: a failure here hangs, and a test must not.
"""

from __future__ import annotations

from pathlib import Path

import pytest

from core import Library
from tests.support.builders import add_model, add_pending, digest, model_file, png, snapshot
from tests.support.other_process import script

SHA = digest(b"weights")

# ``forked(f)`` prints what ``f`` prints in a forked child, or its error; a child that hangs is an error of its own.
_PRELUDE = """
import fcntl, gc, multiprocessing, os, signal, sqlite3, sys, threading, time, traceback
from pathlib import Path
from core import Library, Strategy
from core.errors import CuratorError
folder, model = sys.argv[1:]
def forked(what, ends=os._exit):
    child = os.fork()
    if child == 0:
        signal.alarm(20)
        try:
            print(what(), flush=True)
        except CuratorError as error:
            print(type(error).__name__, error, flush=True)
        except BaseException:
            traceback.print_exc()
            os._exit(1)
        ends(0)
    assert os.waitpid(child, 0)[1] == 0, "the child failed or hung"
def locks():  # from each descriptor: /proc/locks is read in pieces, and leaves locks out while others take theirs
    names = {os.stat(path).st_ino: path.name for path in Path(folder).iterdir()}
    told = [line.split() for about in Path("/proc/self/fdinfo").iterdir() if about.exists()
            for line in about.read_text().splitlines() if line.startswith("lock:")]
    held = {(names[int(l[6].split(":")[2])], l[2], l[4], *l[7:]) for l in told if int(l[6].split(":")[2]) in names}
    return sorted(held)
library = Library.open(folder)
library.queue.counts()
"""
_REFUSED = "the library was opened in another process; open it in one that is spawned, not forked"
_INHERITED = "this process was forked from one that had the library open; use a process that is spawned instead"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    with Library.open(tmp_path / "library") as library:
        add_pending(library, model_file(tmp_path, "m"), images=[png(1)])
        add_model(library, "a" * 64, "/m", images=[png(2)])
    return library.root


def _state(folder: Path) -> object:
    with Library.open(folder) as library:
        return snapshot(library)


def in_process(folder: Path, code: str) -> list[str]:
    return script(_PRELUDE + code, folder, folder.parent / "m").splitlines()


def test_every_part_says_at_once_that_it_belongs_to_the_parent(folder: Path) -> None:
    before = _state(folder)
    uses = [
        "library.queue.search()",
        "library.queue.decide([1], Strategy.SKIP)",
        "library.queue.hash_ahead(lambda: [], threading.Event(), print)",
        "library.queue.preview(1, None)",
        "library.queue.suggestion(1)",
        "library.show('1')",
        "library.processor.plan(1)",
        "library.history.operations()",
        "library.image_scanner.get_image_list('a' * 64)",
        "library.image_scanner.open_image('a' * 64)",
        "library.pictures.of_model('a' * 64, 8, 8)",
        "library.image_processor.promote_pending_image(folder + '/pending/1_0.png', 'a' * 64, 7)",
        "library.import_legacy(folder + '/library.db')",
        "library.backup(folder + '.backup')",
    ]
    code = "".join(f"forked(lambda: {use})\n" for use in uses)
    told = in_process(folder, code + "forked(lambda: library.undo().refused)\n")
    assert [line.partition(" ")[2] for line in told[:-1] if "PromotionRefused" not in line] == [_REFUSED] * 13
    assert [line for line in told if "PromotionRefused" in line] == [f"PromotionRefused {_REFUSED}"]
    assert told[-1] == _REFUSED
    assert _state(folder) == before


def test_a_promotion_in_a_child_of_multiprocessing_ends(folder: Path) -> None:
    code = """
def work(): print(library.processor.process_single_import(1).error, flush=True)
library.processor.dry_run(1)  # the pools have threads now
child = multiprocessing.get_context("fork").Process(target=work)
child.start(); child.join(20)
print(child.exitcode, library.processor.process_single_import(1).status)
"""
    assert in_process(folder, code) == [_REFUSED, "0 success"]


@pytest.mark.parametrize("end", ["library.close(), library.close()", "globals().pop('library') and gc.collect()"])
@pytest.mark.parametrize("ends", ["os._exit", "sys.exit"])
def test_closing_or_losing_it_in_the_child_leaves_the_parents_alone(folder: Path, end: str, ends: str) -> None:
    code = f"""
held = locks()
library_lock = [(name, "FLOCK", "READ", "0", "EOF") for name in ("alive.lock", "staging")]
assert set(library_lock) < set(held) and len(held) == 4, held
wal = os.stat(folder + "/library.db-wal")
child = os.fork()
if child == 0:
    signal.alarm(20)
    {end}
    {ends}(0)
assert os.waitpid(child, 0)[1] == 0
assert locks() == held, locks()
assert os.path.samestat(os.stat(folder + "/library.db-wal"), wal)
other = os.open(folder + "/alive.lock", os.O_RDWR)
try: fcntl.flock(other, fcntl.LOCK_EX | fcntl.LOCK_NB)
except BlockingIOError: print("still held")
print(library.processor.process_single_import(1).status)
"""
    assert in_process(folder, code) == ["still held", "success"]


def test_a_child_that_is_forked_amid_an_operation_leaves_what_its_parent_staged(folder: Path) -> None:
    code = """
def leaves():
    raise SystemExit  # as whatever ends the child unwinds it
with library._journal.staging() as staging:
    (staging.make() / "0_high").write_bytes(b"tier")
    child = os.fork()
    if child == 0:
        leaves()
    assert os.waitpid(child, 0)[1] == 0
    print(sorted(os.listdir(staging.folder)))
print(os.listdir(f"{folder}/staging"))
library.close()
"""
    assert in_process(folder, code) == ["['0_high']", "[]"]


def test_the_child_does_not_open_it_again(folder: Path) -> None:
    """SQLite would believe to hold the parent's locks, and another process could delete the log it writes to."""
    code = """
held = locks()
library.processor.dry_run(1)
forked(lambda: Library.open(folder), sys.exit)
forked(lambda: Library.open(folder + "-another") and "opened", sys.exit)
print(locks() == held, library.processor.process_single_import(1).status)
"""
    assert in_process(folder, code) == [f"LibraryError {_INHERITED}", "opened", "True success"]


def test_a_spawned_process_opens_it(folder: Path) -> None:
    code = "import sys; from core import Library; print(list(Library.open(sys.argv[1]).queue.search()))"
    with Library.open(folder):
        assert script(code, folder).splitlines() == ["[1]"]


def test_the_parent_does_not_keep_alive_what_it_closed_through_a_child(folder: Path) -> None:
    code = """
there, ready = os.pipe()
child = os.fork()
if child == 0:
    os.write(ready, b"x")
    time.sleep(30)
    os._exit(0)
os.read(there, 1)
library.close()
with Library.open(folder) as again: print(again._lock.alone)
os.kill(child, signal.SIGKILL); os.waitpid(child, 0)
"""
    assert in_process(folder, code) == ["True"]


def test_forks_while_threads_are_at_work(folder: Path) -> None:
    """A hundred forks while four threads read and write: no child hangs, each is refused, and nothing breaks."""
    code = """
stop, failed = threading.Event(), []
def work(writes):
    try:
        while not stop.is_set():
            library.queue.decide([1], Strategy.SKIP) if writes else library.queue.preview(1, None)
            time.sleep(0.002)
    except BaseException as error:
        failed.append(error)
threads = [threading.Thread(target=work, args=[n % 2]) for n in range(4)]
for thread in threads: thread.start()
for n in range(100): forked(lambda: library.queue.search(), sys.exit if n % 2 else os._exit)
stop.set()
for thread in threads: thread.join()
print(failed)
print(library.store.db.execute("PRAGMA integrity_check").fetchone())
"""
    assert in_process(folder, code) == [*[f"LibraryError {_REFUSED}"] * 100, "[]", "('ok',)"]


def test_a_fork_amid_a_transaction_of_another_thread_spoils_nothing(folder: Path) -> None:
    """To roll back in the child would empty the index that both share, and lose pages."""
    code = """
library.store.db.execute("PRAGMA cache_size=1")
library.store.write_barrier()  # the log is not empty
amid, forked_already = threading.Event(), threading.Event()
def write():
    with library.store.write() as db:
        db.execute("PRAGMA cache_size=1")
        for n in range(5000): db.execute("INSERT INTO tags (name) VALUES (?)", [f"{n:0500}"])
        amid.set(); forked_already.wait()
        print(db.execute("SELECT count(*), count(DISTINCT name) FROM tags").fetchone())
thread = threading.Thread(target=write); thread.start()
amid.wait()
forked(lambda: gc.collect() and "collected", sys.exit)
forked_already.set(); thread.join()
print(library.store.db.execute("PRAGMA integrity_check").fetchone())
"""
    assert in_process(folder, code)[-2:] == ["(5000, 5000)", "('ok',)"]


def test_a_copy_for_a_read_only_mount_stays_with_the_parent(folder: Path) -> None:
    code = """
from core.storage.readonly_copy import ReadOnlyCopy
copy = ReadOnlyCopy(Path(folder, "library.db"))
forked(lambda: copy.close(), sys.exit)
forked(lambda: None, sys.exit)
print(copy.path.exists())
copy.close()
print(copy.path.exists())
"""
    assert in_process(folder, code) == ["None", "None", "True", "False"]
