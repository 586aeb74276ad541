"""An interrupt at any moment: what had happened stays whole, what had not leaves nothing, and work goes on."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from unittest.mock import patch

import pytest
from sqlite_utils import Database

from core import Library, Strategy
from core.records import Status
from core.verify import check_library
from tests.builders import OldRow, add_model, add_pending, digest, model_file, old_database, png, sources

INTERRUPTS = (KeyboardInterrupt, MemoryError, SystemExit)


@contextmanager
def interrupted_commit(error: type[BaseException]) -> Iterator[None]:
    """Raise ``error`` once a commit has written an entry, as a signal that came while it was synced does."""
    execute, entries, struck = Database.execute, [], []

    def strike(db: Database, sql: str, *args: Any) -> Any:
        result = execute(db, sql, *args)
        if sql.startswith("INSERT INTO journal"):
            entries.append(sql)
        elif sql == "COMMIT" and entries and not struck:
            struck.append(sql)
            raise error
        return result

    with patch.object(Database, "execute", strike), pytest.raises(error):
        yield
    assert struck


@pytest.mark.parametrize("error", INTERRUPTS)
@pytest.mark.parametrize("strategy", [Strategy.MERGE, Strategy.OVERRIDE])
def test_an_interrupted_commit_keeps_the_images_it_named(
    library: Library, tmp_path: Path, strategy: Strategy, error: type[BaseException]
) -> None:
    weights = model_file(tmp_path, "m", b"weights")
    add_model(library, digest(b"weights"), weights, images=[png(1)])
    number = add_pending(library, weights, images=[png(2), png(3)])
    with interrupted_commit(error):
        library.processor.process_single_import(number, strategy)
    assert library.processor.process_single_import(number, strategy).status is Status.NOT_FOUND
    assert library.undo().undone, "the next writer finishes it, and then it can be taken back"
    assert library.processor.process_single_import(number, strategy).status is Status.SUCCESS
    expected = [1, 2, 3] if strategy is Strategy.MERGE else [2, 3]
    assert [source for _, source in sources(library, digest(b"weights"))] == [digest(png(n)) for n in expected]
    library.close()
    with Library.open(library.root) as again:
        assert check_library(again).findings == ()


@pytest.mark.parametrize("error", INTERRUPTS)
def test_an_interrupted_batch_keeps_its_images(library: Library, tmp_path: Path, error: type[BaseException]) -> None:
    (tmp_path / "old").mkdir()
    (tmp_path / "old" / "one.png").write_bytes(png(1))
    old = old_database(tmp_path / "old.db", [OldRow(1, "/m/a", {"images": ["one.png"]}, "a" * 64)])
    with interrupted_commit(error):
        library.import_legacy(old, images_dir=tmp_path / "old")
    assert not library.import_legacy(old, images_dir=tmp_path / "old").problems
    assert library.image_scanner.get_image_list("a" * 64) == ["a" * 64 + "_0"]
    library.close()
    with Library.open(library.root) as again:
        assert check_library(again).ok
        assert again.image_scanner.get_image_list("a" * 64) == ["a" * 64 + "_0"]
