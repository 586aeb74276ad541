"""Pending imports of the same file: the duplicates listed in a row, and ``same:``."""

from __future__ import annotations

from pathlib import Path

import pytest

from core import Library
from core.domain.enums import State
from core.domain.records import MAX_LISTED_DUPLICATES
from tests.support.builders import add_model, add_pending, digest, model_file
from tests.support.cli import run


@pytest.fixture
def files(library: Library, tmp_path: Path) -> list[Path]:
    """Files of imports 1 to 8: three alike, two alike that the library has, one alone, one unread, one missing."""
    contents = (b"a", b"c", b"a", b"new", b"c", b"a", b"unread")
    paths = [model_file(tmp_path, f"m{n}", content) for n, content in enumerate(contents)]
    ids = [add_pending(library, path) for path in (*paths, tmp_path / "none")]
    for pending_id in ids[:6]:
        library.processor.dry_run(pending_id)
    add_model(library, digest(b"c"), "/m/c")
    return paths


def alike(library: Library) -> dict[int, tuple[int, ...]]:
    return {row.id: row.duplicate_ids for row in library.queue.all() if row.duplicate_ids}


def same(library: Library, words: str) -> list[int]:
    return list(library.queue.search(words))


def test_each_row_names_the_others(library: Library, files: list[Path]) -> None:
    assert alike(library) == {1: (3, 6), 2: (5,), 3: (1, 6), 5: (2,), 6: (1, 3)}
    states = {row.id: row.state for row in library.queue.all()}
    assert (states[1], states[2]) == (State.DUPLICATE, State.CONFLICT)


def test_a_word_finds_the_group(library: Library, files: list[Path]) -> None:
    assert same(library, "same:3") == [1, 3, 6]
    assert same(library, "same:5") == [2, 5], "conflicts may be one file as well"
    assert same(library, "-same:3") == [2, 4, 5, 7, 8]
    assert same(library, "same:1 -same:5 m2") == [3]
    assert same(library, "same:1 state:conflict") == []
    assert same(library, "same:2 state:conflict") == [2, 5]


def test_what_has_no_other_is_alone_and_what_is_not_there_is_nothing(library: Library, files: list[Path]) -> None:
    for pending_id in (4, 7, 8):
        assert same(library, f"same:{pending_id}") == [pending_id]
    assert same(library, "same:99") == []
    assert same(library, "-same:99") == list(range(1, 9))


def test_a_hash_counts_only_while_its_file_is_the_same(library: Library, files: list[Path]) -> None:
    files[2].write_bytes(b"changed")
    assert alike(library)[1] == (6,)
    assert (same(library, "same:1"), same(library, "same:3")) == ([1, 6], [3])
    files[0].unlink()
    assert 6 not in alike(library)
    assert (same(library, "same:6"), same(library, "same:1")) == ([6], [1])


def test_two_imports_of_one_path_are_one_file(library: Library, tmp_path: Path) -> None:
    ids = [add_pending(library, model_file(tmp_path, "m\udcff")) for _ in range(2)]
    library.processor.dry_run(ids[0])
    assert same(library, f"same:{ids[0]}") == ids


def test_of_many_a_row_names_some(library: Library, tmp_path: Path) -> None:
    path = model_file(tmp_path, "m")
    ids = [add_pending(library, path) for _ in range(MAX_LISTED_DUPLICATES + 3)]
    library.processor.dry_run(ids[0])
    named = alike(library)
    assert set(named) == set(ids) and all(len(some) == MAX_LISTED_DUPLICATES for some in named.values())
    assert all(list(some) == sorted(some) and pending_id not in some for pending_id, some in named.items())
    assert same(library, f"same:{ids[-1]}") == ids


def test_the_command_line_has_the_word(library: Library, files: list[Path]) -> None:
    rows = run("pending", "--json", "--filter", "same:6", library=library.root).object["pending"]
    assert [row["id"] for row in rows] == [1, 3, 6]
    assert "same: takes the id" in run("pending", "--filter", "same:me", library=library.root).failed(2)
