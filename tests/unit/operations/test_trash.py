"""How long the trash keeps files, and what it never touches."""

from __future__ import annotations

from pathlib import Path

from core import Library, Strategy
from core.operations.trash import TrashLimits
from core.verify import check_library
from tests.support.builders import add_pending, files, model_file, png, trash

KEEP_ALL = TrashLimits(days=10_000)


def deleted(library: Library, tmp_path: Path, count: int) -> None:
    for n in range(count):
        pending_id = add_pending(library, model_file(tmp_path, f"m{n}", b"%d" % n), images=[png(n)])
        library.processor.process_single_import(pending_id, Strategy.DELETE)


def age(library: Library, days: float) -> None:
    """Let the oldest operation be so many days older."""
    with library.store.write() as db:
        db.execute("UPDATE journal SET at = at - ? WHERE n = (SELECT min(n) FROM journal)", [days * 86_400_000])


def test_the_trash_keeps_thirty_days_by_default(tmp_path: Path) -> None:
    with Library.open(tmp_path / "library") as library:
        deleted(library, tmp_path, 2)
        age(library, 29)
    with Library.open(tmp_path / "library") as library:
        assert len(trash(library)) == 2
        age(library, 1.1)
    with Library.open(tmp_path / "library") as library:
        assert [set(names) for names in trash(library).values()] == [{"2_0.png"}]
        newest, oldest = library.history.operations()
        assert (newest.undo_blocked_by, oldest.undo_blocked_by) == ("", "its files are no longer in the trash")
        assert library.undo(2).refused.endswith("its files are no longer in the trash")
        assert not [finding for finding in check_library(library).findings if finding.path.startswith("staging")]


def test_beyond_its_size_the_oldest_go_first(tmp_path: Path) -> None:
    with Library.open(tmp_path / "library") as library:
        deleted(library, tmp_path, 4)
        sizes = [path.stat().st_size for path in (library.root / "trash").rglob("*.png")]
    limit = TrashLimits(days=10_000, max_bytes=sum(sizes) - 1)
    with Library.open(tmp_path / "library", trash=limit) as library:
        assert set().union(*trash(library).values()) == {"2_0.png", "3_0.png", "4_0.png"}
    with Library.open(tmp_path / "library", trash=TrashLimits(days=10_000, max_bytes=0)) as library:
        assert trash(library) == {}


def test_what_no_entry_put_there_stays(tmp_path: Path) -> None:
    with Library.open(tmp_path / "library") as library:
        deleted(library, tmp_path, 1)
        (library.root / "trash" / "mine").mkdir()
        (library.root / "trash" / "mine" / "notes.txt").write_text("keep")
        (library.root / "trash" / "loose.txt").write_text("keep too")
    with Library.open(tmp_path / "library", trash=TrashLimits(days=0, max_bytes=0)) as library:
        left = {path for path in files(library.root) if path.startswith("trash/")}
        assert left == {"trash/mine", "trash/mine/notes.txt", "trash/loose.txt"}


def test_a_reader_empties_nothing(tmp_path: Path) -> None:
    with Library.open(tmp_path / "library") as library:
        deleted(library, tmp_path, 1)
        age(library, 99)
    with Library.open(tmp_path / "library", readonly=True) as library:
        assert len(trash(library)) == 1


def test_trash_that_cannot_be_removed_keeps_nobody_out(tmp_path: Path) -> None:
    with Library.open(tmp_path / "library") as library:
        deleted(library, tmp_path, 1)
        (op,) = trash(library)
        folder = library.root / "trash" / op
        for file in folder.iterdir():
            file.unlink()
        folder.rmdir()
        folder.write_text("a file where a folder was")
    with Library.open(tmp_path / "library", trash=TrashLimits(days=0)) as library:
        assert "old trash could not be removed" in library.warning
        assert list(library.queue.search()) == []
