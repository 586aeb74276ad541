"""The queue in every sort order."""

from __future__ import annotations

import threading
from pathlib import Path

import pytest

from core import Library, Strategy
from core.domain.enums import State
from core.domain.records import QueueRow
from core.domain.sort_order import SortKey, SortOrder
from core.errors import Cancelled
from tests.support.builders import add_model, add_pending, digest, model_file, png

DECISIONS = (*Strategy, None)


def key_of(column: SortKey, row: QueueRow) -> object:
    match column:
        case SortKey.NAME | SortKey.TYPE | SortKey.PATH:
            return str(getattr(row, column.value)).lower()
        case SortKey.BASE:
            return (row.base_model or "\U0010ffff").lower()
        case SortKey.SIZE:
            return row.size_bytes
        case SortKey.IMAGES:
            return len(row.images)
        case SortKey.DECISION:
            return DECISIONS.index(row.decision)
        case SortKey.STATE:
            return list(State).index(row.state)
    return row.id


@pytest.fixture
def mixed(library: Library, tmp_path: Path) -> Library:
    """Twelve imports in which every column has equals, and texts that differ in case only."""
    for n, content in enumerate((b"a", b"b", b"c", b"a", b"d", b"b", b"e", b"d", None, b"unread", b"c", b"f")):
        path = tmp_path / f"none-{n}" if content is None else model_file(tmp_path, f"{'Mm'[n % 2]}{11 - n:02}", content)
        images = [png(n)] * (n % 3)
        name = ("Clay", "ink", "clay", "Ink 2")[n % 4]
        meta = [{"base_model": "SDXL 1.0"}, {}, {"base_model": "pony"}, {"base_model": "sdxl 1.0"}, {"base_model": ""}][
            n % 5
        ]
        new = add_pending(library, path, name=name, type_=("LoRA", "lora", "vae")[n % 3], images=images, meta=meta)
        library.store.db.execute("UPDATE pending_import SET size_bytes = ? WHERE id = ?", [n * 7 % 5, new])
        if content not in (None, b"unread"):
            library.processor.dry_run(new)
        library.queue.decide([new], DECISIONS[n % len(DECISIONS)])
    for content in (b"b", b"f"):
        add_model(library, digest(content), "/m/x")
    return library


@pytest.mark.parametrize("descending", [False, True])
@pytest.mark.parametrize("column", SortKey)
def test_each_column_puts_all_in_order_and_equals_by_id(mixed: Library, column: SortKey, descending: bool) -> None:
    rows = mixed.queue.rows(mixed.queue.search("", SortOrder(column, descending)))
    keys = [key_of(column, row) for row in rows]
    assert keys == sorted(keys, reverse=descending)  # type: ignore[type-var]
    assert sorted(row.id for row in rows) == list(mixed.queue.search())
    if column is not SortKey.STATE:
        expected = sorted(mixed.queue.all(), key=lambda row: key_of(column, row), reverse=descending)  # type: ignore[arg-type,return-value]
        assert [row.id for row in rows] == [row.id for row in expected], "sorting keeps equals as they were, by id"


def test_within_a_state_the_same_file_lies_together(mixed: Library) -> None:
    rows = mixed.queue.rows(mixed.queue.search("", SortOrder(SortKey.STATE)))
    lines = [(row.state, row.id) for row in rows]
    assert lines == [
        (State.MISSING, 9),
        (State.CONFLICT, 2), (State.CONFLICT, 6), (State.CONFLICT, 12),
        (State.DUPLICATE, 1), (State.DUPLICATE, 4),
        (State.DUPLICATE, 3), (State.DUPLICATE, 11),
        (State.DUPLICATE, 5), (State.DUPLICATE, 8),
        (State.NEW, 7),
        (State.UNHASHED, 10),
    ]  # fmt: skip


@pytest.mark.parametrize("column", SortKey)
@pytest.mark.parametrize("words", ["clay", "type:vae", "state:conflict", "state:duplicate clay", "nothing"])
def test_what_a_filter_finds_comes_in_that_order_too(mixed: Library, column: SortKey, words: str) -> None:
    order = SortOrder(column, descending=True)
    found = set(mixed.queue.search(words))
    assert list(mixed.queue.search(words, order)) == [
        pending_id for pending_id in mixed.queue.search("", order) if pending_id in found
    ]


def test_a_path_that_is_no_text_has_its_place(library: Library) -> None:
    ids = [add_pending(library, path) for path in ("/m/z", "/m/a\udcff", "/m/B")]
    assert list(library.queue.search("", SortOrder(SortKey.PATH))) == [ids[1], ids[2], ids[0]]


def test_putting_states_in_order_can_be_cancelled(mixed: Library) -> None:
    cancel = threading.Event()
    cancel.set()
    with pytest.raises(Cancelled):
        mixed.queue.search("", SortOrder(SortKey.STATE), cancel)
