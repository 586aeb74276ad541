"""Simultaneous promotions: one id is promoted once, and two ids with one hash end up as if promoted in turn."""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from itertools import permutations
from pathlib import Path
from typing import Any

import pytest

from core import Library, Strategy
from core.domain.enums import Action, Status
from core.domain.outcomes import Outcome
from tests.support.builders import (
    add_model,
    add_pending,
    digest,
    files,
    journal,
    locations,
    model_file,
    model_of,
    png,
    sources,
)

THREADS = 8
ROUNDS = 100
WEIGHTS = b"weights"
SHA = digest(WEIGHTS)


def at_once(pool: ThreadPoolExecutor, calls: Sequence[Callable[[], Outcome]]) -> list[Outcome]:
    """Make the calls in as many threads, let go at the same moment."""
    ready = threading.Barrier(len(calls))

    def one(call: Callable[[], Outcome]) -> Outcome:
        ready.wait()
        return call()

    return list(pool.map(one, calls))


@pytest.mark.parametrize("strategy", [Strategy.MERGE, Strategy.DELETE])
def test_eight_threads_promote_one_id_a_hundred_times(library: Library, tmp_path: Path, strategy: Strategy) -> None:
    ids = [add_pending(library, model_file(tmp_path, f"{n}", b"%d" % n), images=_images(n)) for n in range(ROUNDS)]
    with ThreadPoolExecutor(THREADS) as pool:
        for pending_id in ids:
            calls = [lambda i=pending_id: library.processor.process_single_import(i, strategy)] * THREADS
            ends = Counter(outcome.status for outcome in at_once(pool, calls))
            assert ends[Status.SUCCESS] == 1, ends
            assert ends[Status.LOCKED] + ends[Status.NOT_FOUND] == THREADS - 1, ends
    assert [entry["pending_id"] for entry in journal(library)] == ids, "an operation happened twice"
    assert (files(library.root / "pending"), files(library.root / "staging")) == ({}, {})
    if strategy is Strategy.MERGE:
        for n in range(ROUNDS):
            assert sources(library, digest(b"%d" % n)) == [(0, digest(image)) for image in _images(n)]
    else:
        assert files(library.root / "images") == {}


def _images(n: int) -> list[bytes]:
    return [png(n)] if n % 5 == 0 else []


def test_eight_ids_at_once_do_not_get_in_each_others_way(library: Library, tmp_path: Path) -> None:
    paths = [model_file(tmp_path, f"{n}", b"%d" % n) for n in range(THREADS)]
    ids = [add_pending(library, path, images=[png(n)], tag_names=["t"]) for n, path in enumerate(paths)]
    calls = [lambda i=i: library.processor.process_single_import(i) for i in ids]
    with ThreadPoolExecutor(THREADS) as pool:
        outcomes = at_once(pool, calls)
    assert [outcome.action_taken for outcome in outcomes] == [Action.INSERTED] * THREADS
    for n in range(THREADS):
        assert sources(library, digest(b"%d" % n)) == [(0, digest(png(n)))]


PAIRS = [
    (Strategy.MERGE, Strategy.MERGE),
    (Strategy.OVERRIDE, Strategy.OVERRIDE),
    (Strategy.MERGE, Strategy.OVERRIDE),
    (None, Strategy.MERGE),
    (None, None),
    (Strategy.MERGE, Strategy.DELETE),
]


def _two(root: Path, weights: Sequence[Path], there: bool) -> Library:
    """A library with two pending imports of one model, each with an image of its own and one that both have."""
    library = Library.open(root)
    if there:
        add_model(library, SHA, weights[0], meta={"a": ["old"]}, tag_names=["old"], images=[png(9)])
    for n, path in enumerate(weights):
        meta = {"a": [n], f"only {n}": n, "empty": "" if n else "x"}
        add_pending(library, path, name=f"name {n}", meta=meta, tag_names=[f"t{n}"], images=[png(n), png(5)])
    return library


def _end(library: Library, outcomes: Sequence[Outcome]) -> Any:
    """How it ended: the answers and everything they are about, but not the names of the operations."""
    entry = library.show(SHA)
    model = (model_of(library, SHA), sources(library, SHA), locations(library, SHA)) if entry else None
    answers = [(outcome.status, outcome.action_taken, outcome.images, outcome.refused) for outcome in outcomes]
    waiting = [library.show(str(number)) for number in library.queue.search()]
    return answers, model, waiting, files(library.root / "pending"), len(journal(library))


@pytest.mark.parametrize(("pair", "there"), [*((pair, False) for pair in PAIRS), *((pair, True) for pair in PAIRS[:3])])
def test_two_ids_with_one_hash_at_once(
    tmp_path: Path, pair: tuple[Strategy | None, Strategy | None], there: bool
) -> None:
    weights = [model_file(tmp_path, f"{n}.safetensors", WEIGHTS) for n in range(2)]
    possible = []
    for number, order in enumerate(permutations(range(2))):
        with _two(tmp_path / f"in order {number}", weights, there) as library:
            done = {n: library.processor.process_single_import(n + 1, pair[n]) for n in order}
            possible.append(_end(library, [done[0], done[1]]))
    with ThreadPoolExecutor(2) as pool:
        for number in range(2):
            with _two(tmp_path / f"at once {number}", weights, there) as library:
                calls = [lambda n=n, it=library: it.processor.process_single_import(n + 1, pair[n]) for n in range(2)]
                outcomes = at_once(pool, calls)
                assert _end(library, outcomes) in possible


def test_two_libraries_on_one_folder_promote_an_id_once(tmp_path: Path) -> None:
    """Each has its own locks, as two processes have: only the transactions keep them apart."""
    with Library.open(tmp_path / "l") as one, Library.open(tmp_path / "l") as other, ThreadPoolExecutor(2) as pool:
        for n in range(20):
            pending_id = add_pending(one, model_file(tmp_path, f"{n}", b"%d" % n), images=[png(n)])
            calls = [lambda it=it: it.processor.process_single_import(pending_id) for it in (one, other)]  # noqa: B023
            ends = Counter(outcome.status for outcome in at_once(pool, calls))
            assert ends[Status.SUCCESS] == 1 and sum(ends.values()) == 2, ends
            assert ends[Status.NOT_FOUND] == 1, ends
            assert sources(one, digest(b"%d" % n)) == [(0, digest(png(n)))]
        assert len(journal(one)) == 20
        assert files(one.root / "staging") == {}


def test_a_decision_made_meanwhile_does_not_matter(library: Library, tmp_path: Path) -> None:
    pending_id = add_pending(library, model_file(tmp_path, "m", WEIGHTS))

    def meanwhile(done: int, total: int) -> None:
        library.queue.decide([pending_id], Strategy.SKIP)

    outcome = library.processor.process_single_import(pending_id, progress=meanwhile)
    assert outcome.action_taken is Action.INSERTED


def test_a_row_that_changes_while_its_file_is_hashed_is_taken_as_it_is_then(library: Library, tmp_path: Path) -> None:
    pending_id = add_pending(library, model_file(tmp_path, "m", WEIGHTS))

    def meanwhile(done: int, total: int) -> None:
        library.store.db.execute("UPDATE pending_import SET name = 'later'")

    library.processor.process_single_import(pending_id, progress=meanwhile)
    assert model_of(library, SHA).name == "later"


def test_a_row_that_is_deleted_while_its_file_is_hashed_is_not_found(library: Library, tmp_path: Path) -> None:
    pending_id = add_pending(library, model_file(tmp_path, "m", WEIGHTS), images=[png(1)])

    def meanwhile(done: int, total: int) -> None:
        with Library.open(library.root) as other:
            other.processor.process_single_import(pending_id, Strategy.DELETE)

    outcome = library.processor.process_single_import(pending_id, progress=meanwhile)
    assert outcome.status is Status.NOT_FOUND
    assert library.show(SHA) is None
    assert files(library.root / "images") == {}
