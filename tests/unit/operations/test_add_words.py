"""Tags and trigger words for many pending imports: what is added, what stays, and undo."""

from __future__ import annotations

from pathlib import Path

from core import Library, Strategy
from core.domain.decision import Decision
from core.domain.history import ADDED_WORDS
from core.domain.resolution import Resolution
from core.storage.tags import get_or_create
from core.verify import check_library
from tests.support.builders import add_pending, pending_of, snapshot
from tests.support.payloads import damage
from tui.presenters.history_lines import past_words


def test_what_is_not_there_is_added_to_each(library: Library) -> None:
    plain = add_pending(library, "/m/a", tag_names=["old"])
    more = add_pending(library, "/m/b", meta={"trained_words": ["ink"], "other": 1}, tag_names=["style"])
    odd = add_pending(library, "/m/c", meta={"trained_words": "a sentence"})
    alone = add_pending(library, "/m/d")
    assert library.queue.add_words([plain, more, odd, 99], ["style", "old"], ["ink", "wash"]) == 3
    records = [pending_of(library, number) for number in (plain, more, odd, alone)]
    assert [record.tags for record in records] == [("old", "style"), ("old", "style"), ("old", "style"), ()]
    assert [record.meta_json for record in records] == [
        {"trained_words": ["ink", "wash"]},
        {"trained_words": ["ink", "wash"], "other": 1},
        {"trained_words": "a sentence"},
        {},
    ]
    assert library.queue.add_words([plain, more], ["style"], ["ink"]) == 0
    assert len(library.history.operations()) == 1, "what changes nothing is no operation"
    assert not [one for one in check_library(library).findings if one.severity == "error"]


def test_undo_takes_it_back_and_a_later_change_stands_in_the_way(library: Library) -> None:
    numbers = [add_pending(library, f"/m/{n}", tag_names=["old"]) for n in range(3)]
    before = snapshot(library)[0]
    library.queue.add_words(numbers, ["new"], ["ink"])
    newest = library.history.newest()
    assert newest is not None and newest.imported is not None
    assert (newest.imported.source, past_words(newest)) == (ADDED_WORDS, "words for 3 imports")
    library.queue.add_words(numbers[:1], ["newer"])
    assert library.undo(2).refused == ""
    after = snapshot(library)[0]
    for table in ("pending_import", "pending_import_tags", "pending_images"):
        assert after[table] == before[table]


def test_decisions_stay(library: Library) -> None:
    number = add_pending(library, "/m/a")
    library.queue.decide([number], Strategy.MERGE)
    library.queue.add_words([number], ["new"])
    assert library.queue.decisions() == [(number, Strategy.MERGE)]
    picked = Decision(Strategy.OVERRIDE, Resolution(tags=("x",)))
    library.queue.decide([number], picked)
    assert library.undo().refused == ""
    assert library.queue.full_decisions() == {number: picked}, "one that was taken since"
    assert pending_of(library, number).tags == ()


def test_a_damaged_import_is_passed_over(library: Library) -> None:
    good, bad = (add_pending(library, f"/m/{n}") for n in range(2))
    damage(library.root, "UPDATE pending_import SET meta_json = 'no JSON' WHERE id = ?", (bad,))
    assert library.queue.add_words([bad, good], ["new"]) == 1
    assert pending_of(library, good).tags == ("new",)


def test_a_tag_that_is_there_is_used(library: Library, tmp_path: Path) -> None:
    with library.store.write() as db:
        get_or_create(db, 7, "style", "#abc", 50)
    number = add_pending(library, "/m/a")
    library.queue.add_words([number], ["style"])
    [(tag_id,)] = library.store.db.execute("SELECT tag_id FROM pending_import_tags").fetchall()
    assert tag_id == 7
