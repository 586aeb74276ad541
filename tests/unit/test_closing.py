"""Closing twice, closing while threads work, and use after closing: a typed error or a result, and nothing hangs."""

from __future__ import annotations

import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from core import Library, Strategy
from core.domain.enums import Status
from core.errors import CuratorError, LibraryError
from core.promotion.errors import PromotionRefused
from tests.support.builders import OldRow, add_model, add_pending, digest, model_file, old_database, png, snapshot
from tests.support.other_process import PATIENCE

SHA = digest(b"weights")

Use = Callable[[Library], Any]
USES: dict[str, Use] = {
    "ids": lambda it: it.queue.search(),
    "counts": lambda it: it.queue.counts(),
    "decide": lambda it: it.queue.decide([1], Strategy.SKIP),
    "decisions": lambda it: it.queue.decisions(),
    "look": lambda it: it.queue.preview(1, None),
    "suggestion": lambda it: it.queue.suggestion(1),
    "hash ahead": lambda it: it.queue.hash_ahead(list, threading.Event(), lambda _: None),
    "show": lambda it: it.show("1"),
    "operations": lambda it: it.history.operations(),
    "newest": lambda it: it.history.newest(),
    "images": lambda it: it.image_scanner.get_image_list(SHA),
    "open image": lambda it: it.image_scanner.open_image(f"{SHA}_0").close(),
    "picture": lambda it: it.pictures.of_model(f"{SHA}_0", 8, 8),
    "add image": lambda it: it.image_processor.promote_pending_image(it.root / "pending" / "1_0.png", SHA, 7),
    "import": lambda it: it.import_legacy(it.root.parent / "old.db"),
    "backup": lambda it: it.backup(it.root.parent / "backup.db"),
    "database": lambda it: it.store.db,
    "beat": lambda it: it.store.write_barrier(),
}


def filled(folder: Path) -> Library:
    library = Library.open(folder / "library")
    add_pending(library, model_file(folder, "m", b"new"), images=[png(n) for n in range(3)])
    add_model(library, SHA, "/m/old", images=[png(9)])
    old_database(folder / "old.db", [OldRow(5, "/m/5")])
    return library


def test_what_is_closed_answers_with_a_sentence(tmp_path: Path) -> None:
    library = filled(tmp_path)
    library.close()
    before = snapshot(library)
    for name, use in USES.items():
        with pytest.raises(LibraryError, match=r"^the library is closed$"):
            raise AssertionError(f"{name}: {use(library)!r}")
    with pytest.raises(PromotionRefused, match="the library is closed"):
        library.processor.plan(1)
    for strategy in (None, *Strategy):
        outcome = library.processor.process_single_import(1, strategy)
        assert (outcome.status, outcome.error) == (Status.ERROR, "the library is closed")
    assert library.undo().refused == "the library is closed"
    assert library.pictures.of_pending("1_0.png", 8, 8), "which needs no database"
    assert snapshot(library) == before


def test_closing_twice_and_from_many_threads_does_nothing_more(tmp_path: Path) -> None:
    for n in range(20):
        library = Library.open(tmp_path / f"{n}")
        threads = [threading.Thread(target=library.close) for _ in range(4)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(PATIENCE)
        assert not any(thread.is_alive() for thread in threads)
        library.close()


@pytest.mark.parametrize("name", [*USES, "promote", "undo"])
def test_closing_while_a_thread_works(tmp_path: Path, name: str) -> None:
    """Again and again the same, until it is closed: every end is an answer or a CuratorError."""
    library = filled(tmp_path)
    more: dict[str, Use] = {
        "promote": lambda it: it.processor.process_single_import(1, Strategy.MERGE),
        "undo": lambda it: it.undo(),
    }
    use = (USES | more)[name]
    begun, ends = threading.Event(), list[BaseException]()

    def work() -> None:
        for _ in range(10_000):
            try:
                use(library)
                (tmp_path / "backup.db").unlink(missing_ok=True)
            except CuratorError:
                pass
            except BaseException as error:
                ends.append(error)
                return
            finally:
                begun.set()
            try:
                library.store.check_open()
            except LibraryError:
                return

    threads = [threading.Thread(target=work) for _ in range(2)]
    for thread in threads:
        thread.start()
    assert begun.wait(PATIENCE)
    library.close()
    for thread in threads:
        thread.join(PATIENCE)
    assert ends == [] and not any(thread.is_alive() for thread in threads)
    with Library.open(library.root) as again:
        assert not list((again.root / "staging").iterdir())
        assert again.show(SHA) is not None


def test_closing_gives_up_a_file_that_is_being_hashed(tmp_path: Path) -> None:
    library = Library.open(tmp_path / "library")
    with open(tmp_path / "large", "wb") as file:
        file.truncate(1 << 40)  # sparse; to hash it would take half an hour
    add_pending(library, tmp_path / "large")
    begun, ends = threading.Event(), list[BaseException]()

    def ahead() -> None:
        try:
            library.queue.hash_ahead(list, threading.Event(), lambda _: begun.set())
        except LibraryError as error:
            ends.append(error)

    thread = threading.Thread(target=ahead)
    thread.start()
    assert begun.wait(PATIENCE)
    library.close()
    thread.join(PATIENCE)
    assert [str(end) for end in ends] == ["the library is closed"]


def test_closing_from_inside_a_callback_is_refused_or_works(tmp_path: Path) -> None:
    library = filled(tmp_path)
    refused: list[str] = []

    def close(*_: object) -> None:
        try:
            library.close()
        except LibraryError as error:
            refused.append(str(error))

    library.queue.hash_ahead(list, threading.Event(), close)
    assert set(refused) == {"the library cannot be closed from inside its own callback; close it afterwards"}
    add_pending(library, model_file(tmp_path, "n", b"newer"))
    assert library.processor.process_single_import(2, progress=close).error == "the library is closed"
