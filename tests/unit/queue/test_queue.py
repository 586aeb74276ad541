"""The queue as screens and commands use it."""

from __future__ import annotations

import threading
from collections import Counter
from pathlib import Path

import pytest

from core import Library, Strategy
from core.domain.decision import Decision
from core.domain.enums import Action, State, Status
from core.errors import Cancelled
from tests.support.builders import add_model, add_pending, digest, model_file, pending_of, png, snapshot


def states(library: Library) -> dict[int, State]:
    return {row.id: row.state for row in library.queue.all()}


def hashed(library: Library, *ids: int) -> None:
    for pending_id in ids:
        library.processor.dry_run(pending_id)


@pytest.mark.parametrize(
    ("words", "found"),
    [
        ("", [1, 2, 3, 4]),
        ("ink", [1, 3]),
        ("INK", [1, 3]),
        ("ink vae", [3]),
        ("  vae   ink ", [3]),
        ("ink nothing", []),
        ("/m/sub", [2]),
        ("style", [2]),
        ("50%", [4]),
        ("%", [4]),
        ("_", [4]),
        ("\\", [4]),
        ("'; DROP TABLE models", []),
    ],
)
def test_each_word_is_looked_for_in_name_path_type_and_tags(library: Library, words: str, found: list[int]) -> None:
    add_pending(library, "/m/a", name="Ink wash", type_="lora")
    add_pending(library, "/m/sub/b", name="clay", tag_names=["Style", "x"])
    add_pending(library, "/m/c", name="other", type_="vae", tag_names=["inky"])
    add_pending(library, "/m/d", name="50%_\\")
    assert list(library.queue.search(words)) == found


def test_states_are_the_first_that_fits(library: Library, tmp_path: Path) -> None:
    paths = {name: model_file(tmp_path, name, name[:1].encode()) for name in ("a1", "a2", "b", "c1", "c2", "d")}
    ids = {name: add_pending(library, path) for name, path in paths.items()}
    assert set(states(library).values()) == {State.UNHASHED}
    hashed(library, *(ids[name] for name in ("a1", "a2", "b", "c1", "c2")))
    add_model(library, digest(b"c"), "/m/c")
    add_model(library, digest(b"d"), "/m/d")
    expected = {
        "a1": State.DUPLICATE, "a2": State.DUPLICATE, "b": State.NEW, "c1": State.CONFLICT, "c2": State.CONFLICT,
        "d": State.UNHASHED,
    }  # fmt: skip
    assert states(library) == {ids[name]: state for name, state in expected.items()}
    paths["c1"].unlink()
    paths["a2"].unlink()
    now = states(library)
    assert (now[ids["c1"]], now[ids["c2"]]) == (State.MISSING, State.CONFLICT)
    assert (now[ids["a2"]], now[ids["a1"]]) == (State.MISSING, State.NEW), "no other file has this hash any more"
    paths["b"].write_bytes(b"changed")
    row = library.queue.rows([ids["b"]])[0]
    assert (row.state, row.sha256) == (State.UNHASHED, None)


def test_two_rows_of_one_path_are_duplicates(library: Library, tmp_path: Path) -> None:
    path = model_file(tmp_path, "m")
    first, second = add_pending(library, path), add_pending(library, path)
    hashed(library, first)
    assert states(library) == {first: State.DUPLICATE, second: State.DUPLICATE}


def test_a_claim_is_no_hash(library: Library, tmp_path: Path) -> None:
    add_model(library, digest(b"x"), "/m/x")
    pending_id = add_pending(library, model_file(tmp_path, "m", b"x"), claimed=digest(b"x"))
    row = library.queue.rows([pending_id])[0]
    assert (row.state, row.sha256) == (State.UNHASHED, None)


def test_rows_come_in_the_order_asked_for_with_all_they_show(library: Library, tmp_path: Path) -> None:
    path = model_file(tmp_path, "m\udcff.st")
    first = add_pending(library, path, name="n", size_bytes=5, tag_names=["b", "a"], images=[png(1), png(2)])
    second = add_pending(library, "/m/b")
    gone, row = library.queue.rows([second, 99, first])
    assert gone.id == second
    assert (row.id, row.name, row.path, row.type, row.size_bytes) == (first, "n", str(path), "lora", 5)
    assert (row.tags, row.images) == (("a", "b"), (f"{first}_0.png", f"{first}_1.png"))


def test_a_long_queue_comes_whole_and_in_order(library: Library) -> None:
    ids = [add_pending(library, f"/m/{n}") for n in range(501)]
    assert [row.id for row in library.queue.all()] == list(library.queue.search()) == ids
    library.queue.decide(ids[:3], Strategy.DELETE)
    counts = library.queue.counts()
    assert (counts.pending, counts.decided, dict(counts.states)) == (501, 3, {State.MISSING: 501})


def test_counting_agrees_with_the_rows(library: Library, tmp_path: Path) -> None:
    """Of five files alike one is missing and one has changed; two rows share a path; a pair is down to one."""
    alike = [model_file(tmp_path, f"a{n}", b"a") for n in range(5)]
    twice, pair = model_file(tmp_path, "t", b"t"), [model_file(tmp_path, f"p{n}", b"p") for n in range(2)]
    known, odd = model_file(tmp_path, "k", b"k"), model_file(tmp_path, "\udcff", b"odd")
    ids = [add_pending(library, path) for path in (*alike, twice, twice, *pair, known, odd)]
    hashed(library, *ids)
    add_pending(library, model_file(tmp_path, "unread"))
    add_pending(library, tmp_path / "none")
    add_model(library, digest(b"k"), known)
    alike[0].unlink()
    alike[1].write_bytes(b"changed")
    pair[1].unlink()
    library.queue.decide(ids[:4], Strategy.DELETE)
    counts = library.queue.counts()
    assert counts.states == Counter(states(library).values())
    assert counts.states == {
        State.MISSING: 3, State.UNHASHED: 2, State.CONFLICT: 1, State.DUPLICATE: 5, State.NEW: 2
    }  # fmt: skip
    assert (counts.pending, counts.decided) == (13, 4)
    library.processor.process_single_import(ids[0], Strategy.DELETE)
    assert (library.queue.counts().pending, library.queue.counts().decided) == (12, 3)


def test_counting_can_be_cancelled(library: Library) -> None:
    add_pending(library, "/m/a")
    cancel = threading.Event()
    assert library.queue.counts(cancel).pending == 1
    cancel.set()
    with pytest.raises(Cancelled):
        library.queue.counts(cancel)


def test_decisions_outlive_the_library_object(tmp_path: Path) -> None:
    with Library.open(tmp_path / "l") as library:
        ids = [add_pending(library, f"/m/{n}") for n in range(4)]
        library.queue.decide([ids[2], ids[0], 99], Strategy.MERGE)
        library.queue.decide([ids[1]], Strategy.SKIP)
        library.queue.decide([ids[0]], None)
    with Library.open(tmp_path / "l") as library:
        assert library.queue.decisions() == [(ids[1], Strategy.SKIP), (ids[2], Strategy.MERGE)]
        assert [row.decision for row in library.queue.all()] == [None, Strategy.SKIP, Strategy.MERGE, None]
        assert pending_of(library, ids[2]).decision == Decision(Strategy.MERGE)
        library.processor.process_single_import(ids[2], Strategy.DELETE)
        assert library.queue.decisions() == [(ids[1], Strategy.SKIP)]


def test_a_look_hashes_nothing(library: Library, tmp_path: Path) -> None:
    pending_id = add_pending(library, model_file(tmp_path, "m"))
    before = snapshot(library)
    look = library.queue.preview(pending_id, Strategy.MERGE)
    assert look is not None and (look.plan, look.reason) == (None, "not hashed yet")
    assert look.pending.record == pending_of(library, pending_id)
    for strategy, action in ((Strategy.DELETE, Action.DELETED), (Strategy.SKIP, Action.IGNORED)):
        look = library.queue.preview(pending_id, strategy)
        assert look is not None and look.plan is not None and look.plan.action_taken is action
    assert not library.store.db.execute("SELECT 1 FROM file_hashes").fetchall()
    assert snapshot(library) == before


def test_a_look_shows_the_plan_that_a_promotion_follows(library: Library, tmp_path: Path) -> None:
    path = model_file(tmp_path, "m", b"x")
    pending_id = add_pending(library, path, tag_names=["t"], images=[png(1), b"no image"])
    hashed(library, pending_id)
    look = library.queue.preview(pending_id, None)
    assert look is not None and look.plan == library.processor.plan(pending_id)
    assert (look.existing, look.row.state) == (None, State.NEW)
    add_model(library, digest(b"x"), path, images=[png(2)])
    for strategy in (None, Strategy.MERGE, Strategy.OVERRIDE):
        look = library.queue.preview(pending_id, strategy)
        assert look is not None and look.plan == library.processor.plan(pending_id, strategy or Strategy.MERGE)
        assert look.existing == library.show(digest(b"x"))
    assert look is not None
    outcome = library.processor.process_single_import(pending_id, Strategy.OVERRIDE, confirmed=look.plan)
    assert outcome.status is Status.SUCCESS


def test_a_look_at_what_is_missing_or_gone(library: Library, tmp_path: Path) -> None:
    look = library.queue.preview(add_pending(library, tmp_path / "none"), Strategy.OVERRIDE)
    assert look is not None and (look.plan, look.reason) == (None, "the model file is missing")
    assert library.queue.preview(99, None) is None


def test_a_reader_sees_the_queue_too(library: Library, tmp_path: Path) -> None:
    pending_id = add_pending(library, model_file(tmp_path, "m"), images=[png(1)])
    hashed(library, pending_id)
    with Library.open(library.root, readonly=True) as reader:
        assert list(reader.queue.all()) == list(library.queue.all())
        look = reader.queue.preview(pending_id, None)
        assert look is not None and look.plan is not None and look.plan.images.added == (0,)


def test_a_row_has_the_tags_of_the_librarys_model_while_its_hash_holds(library: Library, tmp_path: Path) -> None:
    path = model_file(tmp_path, "m")
    alone, pending_id = (
        add_pending(library, model_file(tmp_path, "n", b"other")),
        add_pending(library, path, tag_names=["a"]),
    )
    hashed(library, alone, pending_id)
    add_model(library, digest(b"weights"), "/m/m", tag_names=["b", "a"])
    assert [row.library_tags for row in library.queue.rows([alone, pending_id])] == [(), ("a", "b")]
    path.write_bytes(b"changed")
    assert library.queue.rows([pending_id])[0].library_tags == ()
