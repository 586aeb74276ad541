"""A write-ahead log of another database is detected before SQLite mixes the two, without false alarms."""

from __future__ import annotations

import os
import random
import shutil
import sqlite3
import struct
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path

import pytest

from core import Library, verify
from core.errors import ForeignLog, LibraryError, ModelFileError, SourceError
from core.hashing.hasher import hash_file
from core.importing.legacy.private_copy import private_copy
from core.storage.wal import check_log
from core.verify.findings import FindingCode
from tests.support.builders import add_pending

FRAME = 24 + 4096


def dies(root: Path, work: Callable[[Library], None]) -> None:
    """Do the work on a library in a process that then dies, as by kill -9: its log stays."""
    pid = os.fork()
    if pid == 0:
        try:
            work(Library.open(root))
        finally:
            os._exit(9)
    os.waitpid(pid, 0)


def add(count: int) -> Callable[[Library], None]:
    def work(library: Library) -> None:
        for n in range(count):
            add_pending(library, f"/models/{n}", name=f"{n}")

    return work


def checkpointed(library: Library) -> None:
    """Work, put all of it into the file, and begin the log anew with less."""
    add(20)(library)
    library.store.db.execute("PRAGMA wal_checkpoint(RESTART)").fetchone()
    add(2)(library)


def content(root: Path) -> dict[str, bytes]:
    """The database, with its logs and the copies beside it."""
    return {path.name: path.read_bytes() for path in root.glob("library.db*") if path.is_file()}


def names(root: Path) -> list[str]:
    with Library.open(root, readonly=True) as library:
        return [row.name for row in library.queue.all()]


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """A library with one import, closed, and a backup of it beside it."""
    root = tmp_path / "library"
    with Library.open(root) as library:
        add(1)(library)
        library.backup(tmp_path / "backup.db")
    return root


@pytest.mark.parametrize("count", [1, 2, 60])
@pytest.mark.parametrize("readonly", [False, True])
def test_a_backup_put_over_a_database_is_told_from_its_log(root: Path, count: int, readonly: bool) -> None:
    dies(root, add(count))
    shutil.copy(root.parent / "backup.db", root / "library.db")
    before = content(root)
    with pytest.raises(ForeignLog, match=r"library\.db-wal belongs to another database .* model-curator restore"):
        Library.open(root, readonly=readonly)
    assert content(root) == before and len(before["library.db-wal"]) > FRAME


def test_verify_names_it(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(verify, "check_flow", lambda: ())
    dies(root, add(2))
    shutil.copy(root.parent / "backup.db", root / "library.db")
    report = verify.verify_folder(root)
    assert not report.ok and [finding.code for finding in report.findings] == [FindingCode.LOG_FOREIGN]


def test_a_copy_of_a_moment_earlier_is_told_from_a_log_that_has_begun_anew_since(root: Path) -> None:
    shutil.copy(root / "library.db", root.parent / "earlier.db")
    dies(root, checkpointed)
    shutil.copy(root.parent / "earlier.db", root / "library.db")
    with pytest.raises(ForeignLog):
        Library.open(root)


def test_a_copy_to_which_the_log_has_all_that_came_since_is_no_harm(root: Path) -> None:
    shutil.copy(root / "library.db", root.parent / "earlier.db")
    dies(root, add(20))
    shutil.copy(root.parent / "earlier.db", root / "library.db")
    assert len(names(root)) == 21


def test_another_library_s_database_is_told(root: Path, tmp_path: Path) -> None:
    Library.open(tmp_path / "other").close()
    dies(root, add(3))
    shutil.copy(tmp_path / "other" / "library.db", root / "library.db")
    with pytest.raises(ForeignLog):
        Library.open(root)


@pytest.mark.parametrize("left", ["nothing", "an empty file"])
def test_a_log_without_a_database_is_not_thrown_away(root: Path, left: str) -> None:
    dies(root, add(3))
    (root / "library.db").unlink()
    if left == "an empty file":
        (root / "library.db").touch()
    log = (root / "library.db-wal").read_bytes()
    with pytest.raises(ForeignLog):
        Library.open(root)
    assert (root / "library.db-wal").read_bytes() == log


def filling(name: str, sizes: list[int], pages: int, half: bool) -> Callable[[Library], None]:
    """Commits of so many rows each, the log put into the file every so many pages; ``half``: and one left amid."""

    def work(library: Library) -> None:
        library.store.db.execute(f"PRAGMA wal_autocheckpoint={pages}")
        for at, size in enumerate(sizes):
            with library.store.write(full=False) as db:
                rows = ((f"{name} {at}", row) for row in range(size))
                db.conn.executemany("INSERT INTO imported_images VALUES (?, ?, hex(randomblob(200)))", rows)
        if half:
            db = library.store.db
            db.execute("BEGIN IMMEDIATE")
            db.execute("UPDATE imported_images SET source = source || '!'")

    return work


def test_a_library_is_opened_after_any_death(tmp_path: Path) -> None:
    """Logs that began anew, that are in the file in part or whole, and transactions too large for the cache."""
    chance, root, expected = random.Random(9), tmp_path / "library", 0
    for n in range(16):
        sizes = [chance.choice([1, 5, 40, 600]) for _ in range(chance.randrange(1, 9))]
        dies(root, filling(str(n), sizes, chance.choice([1, 3, 20, 1000]), chance.random() < 0.4))
        expected += sum(sizes)
        with Library.open(root) as library:
            assert library.store.db.execute("PRAGMA integrity_check").fetchone() == ("ok",)
            assert library.store.db.execute("SELECT count(*) FROM imported_images").fetchone() == (expected,)


def test_a_log_whose_first_frame_was_torn_by_a_power_cut_is_none(root: Path) -> None:
    dies(root, checkpointed)
    with open(root / "library.db-wal", "r+b") as log:
        log.seek(32 + 24)
        log.write(bytes(4096))
    with Library.open(root) as library:
        assert len(list(library.queue.all())) == 21, "what was in the file is there"


def test_a_torn_end_does_not_matter_where_the_file_has_a_part_of_the_log(root: Path) -> None:
    def partly(library: Library) -> None:
        add(20)(library)
        with closing(sqlite3.connect(root / "library.db", isolation_level=None)) as reader:
            reader.execute("BEGIN")
            reader.execute("SELECT count(*) FROM models").fetchone()
            add(2)(library)
            library.store.db.execute("PRAGMA wal_checkpoint(PASSIVE)").fetchone()
            os._exit(9)

    dies(root, partly)
    log = (root / "library.db-wal").read_bytes()
    last = max(at for at in range(32, len(log), FRAME) if struct.unpack_from(">I", log, at)[0] == 1)
    (root / "library.db-wal").write_bytes(log[: last + 24] + bytes(4096) + log[last + FRAME :])
    assert len(names(root)) == 22


def without_identity(root: Path) -> Path:
    with closing(sqlite3.connect(root / "library.db")) as db:
        db.executescript("PRAGMA user_version=0; PRAGMA application_id=0;")
    return root


def test_a_library_without_an_identity_gets_one_at_the_next_writing(root: Path) -> None:
    without_identity(root)
    shutil.copy(root / "library.db", root.parent / "old.db")
    assert names(root) == ["0"]
    dies(root, add(2))
    shutil.copytree(root, root.parent / "again")
    assert len(names(root)) == 3
    shutil.copy(root.parent / "old.db", root.parent / "again" / "library.db")
    with pytest.raises(ForeignLog):
        Library.open(root.parent / "again")


def test_every_transaction_is_in_the_log_with_its_count(library: Library) -> None:
    def counted() -> int:
        return int(library.store.db.execute("PRAGMA user_version").fetchone()[0])

    before = counted()
    library.store.write_barrier()
    with library.store.write():
        pass
    assert counted() == before + 2
    with pytest.raises(LibraryError), library.store.write():
        raise LibraryError("no")
    assert counted() == before + 2


@pytest.fixture
def locks(library: Library) -> Iterator[Callable[[], int]]:
    def held() -> int:
        inodes = {str(os.stat(library.root / name).st_ino) for name in ("library.db", "library.db-shm")}
        lines = Path("/proc/locks").read_text().splitlines()
        return sum(line.split()[5].split(":")[-1] in inodes for line in lines if "->" not in line)

    yield held


@pytest.mark.skipif(not Path("/proc/locks").exists(), reason="nothing tells which locks are held")
def test_looking_drops_no_lock_of_a_connection_here(library: Library, locks: Callable[[], int]) -> None:
    with library.store.read() as db:
        db.execute("SELECT count(*) FROM models").fetchone()
        before = locks()
        check_log(library.root / "library.db")
        assert locks() == before > 0


@pytest.mark.parametrize("count", [2**31 - 1, 2**31 - 2, -5, 0])
def test_a_count_that_begins_anew_is_no_other_database(root: Path, count: int) -> None:
    with closing(sqlite3.connect(root / "library.db", isolation_level=None)) as connection:
        connection.execute(f"PRAGMA user_version = {count}")
        connection.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()
    dies(root, add(3))
    with Library.open(root) as library:
        assert len(library.queue.search()) == 4


def hashed(path: Path, scratch: Path) -> None:
    with pytest.raises(ModelFileError, match="the library's own database"):
        hash_file(str(path))


def copied(path: Path, scratch: Path) -> None:
    with pytest.raises(SourceError, match="the library's own database"):
        private_copy(str(path), scratch)


@pytest.mark.skipif(not Path("/proc/locks").exists(), reason="nothing tells which locks are held")
@pytest.mark.parametrize("read", [hashed, copied])
@pytest.mark.parametrize("linked", [False, True])
@pytest.mark.parametrize("name", ["library.db", "library.db-shm"])
def test_a_path_that_leads_to_the_database_drops_no_lock(
    library: Library,
    locks: Callable[[], int],
    tmp_path: Path,
    name: str,
    linked: bool,
    read: Callable[[Path, Path], None],
) -> None:
    path = library.root / name
    if linked:
        path = tmp_path / "link"
        path.symlink_to(library.root / name)
    with library.store.read() as db:
        db.execute("SELECT count(*) FROM models").fetchone()
        before = locks()
        read(path, tmp_path)
        assert locks() == before > 0
