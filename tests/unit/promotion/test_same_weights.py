"""Files with the same weights under another header: their state, merging them into one model, aliases, and undo."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from core import Library, Strategy
from core.domain.enums import Action, State, Status
from core.domain.outcomes import Planned, Promoted
from core.domain.sort_order import SortKey, SortOrder
from core.verify import check_library
from tests.support.builders import (
    OldRow,
    add_model,
    add_pending,
    digest,
    locations,
    model_file,
    model_of,
    old_database,
    png,
    snapshot,
    sources,
    undo_migrations_after,
)
from tests.support.model_headers import with_header
from tests.support.model_tree import civitai, counts, imports, put_json, put_model, scan

ONE, TWO, THREE = (with_header(b'{"__metadata__": {"n": "%d"}}' % n) + b"the same weights" for n in (1, 2, 3))


@pytest.fixture
def model(library: Library, tmp_path: Path) -> str:
    """A model of the library, whose body hash is known because it was promoted."""
    path = model_file(tmp_path, "one.safetensors", ONE)
    number = add_pending(library, path, name="one", meta={"a": 1}, tag_names=["old"], images=[png(1)])
    assert promote(library, number).action_taken is Action.INSERTED
    return digest(ONE)


def add(library: Library, tmp_path: Path, name: str, data: bytes) -> int:
    """Add an import with metadata of its own, and have its file hashed."""
    path = model_file(tmp_path, f"{name}.safetensors", data)
    number = add_pending(library, path, name=name, meta={"b": name}, tag_names=["new"], images=[png(1), png(2)])
    library.processor.dry_run(number)
    return number


def promote(library: Library, number: int, strategy: Strategy | None = None) -> Promoted:
    outcome = library.processor.process_single_import(number, strategy)
    assert isinstance(outcome, Promoted)
    return outcome


def states(library: Library) -> dict[int, State]:
    """Return the state of each import, after comparing them with the counts, the order and the filter by state."""
    found = {row.id: row.state for row in library.queue.all()}
    numbers = library.queue.counts().states
    assert numbers == {state: list(found.values()).count(state) for state in numbers}
    assert sum(numbers.values()) == len(found)
    by_state = list(library.queue.search(order=SortOrder(SortKey.STATE)))
    assert [list(State).index(found[i]) for i in by_state] == sorted(list(State).index(s) for s in found.values())
    for state in State:
        words = f"state:{state.replace(' ', '-')}"
        assert list(library.queue.search(words)) == [i for i, one in sorted(found.items()) if one is state]
    return found


def test_a_model_of_the_library_has_the_weights(library: Library, tmp_path: Path, model: str) -> None:
    number = add(library, tmp_path, "two", TWO)
    other = add_pending(library, model_file(tmp_path, "other", b"no header"))
    assert states(library) == {number: State.SAME_WEIGHTS, other: State.UNHASHED}
    [row] = library.queue.rows([number])
    assert (row.model_with_weights, row.ids_with_weights, row.duplicate_ids) == (model, (), ())
    suggestion = library.queue.suggestion(number)
    assert suggestion is not None
    assert (suggestion.strategy, suggestion.safe) == (Strategy.MERGE, True)
    assert suggestion.why.startswith(
        f"same weights as {model[:8]}: adds 1 image and 1 tag, fills 1 field, adds its path"
    )


def test_other_imports_have_the_weights(library: Library, tmp_path: Path) -> None:
    one, two, copy = (add(library, tmp_path, *file) for file in (("one", ONE), ("two", TWO), ("copy", TWO)))
    assert states(library) == dict.fromkeys((one, two, copy), State.SAME_WEIGHTS)
    rows = library.queue.rows([one, two, copy])
    assert [row.ids_with_weights for row in rows] == [(two, copy), (one,), (one,)]
    assert [row.duplicate_ids for row in rows] == [(), (copy,), (two,)]
    suggestion = library.queue.suggestion(one)
    assert suggestion is not None
    assert not suggestion.safe and "2 other imports with the same weights" in suggestion.why
    (tmp_path / "one.safetensors").write_bytes(b"another file")
    assert states(library) == {one: State.UNHASHED, two: State.DUPLICATE, copy: State.DUPLICATE}


def test_a_merge_goes_into_that_model_and_undo_brings_all_back(library: Library, tmp_path: Path, model: str) -> None:
    number = add(library, tmp_path, "two", TWO)
    before = snapshot(library)
    planned = library.processor.dry_run(number, Strategy.MERGE)
    assert isinstance(planned, Planned)
    assert (planned.sha256, planned.plan.alias_of, planned.plan.action_taken) == (model, model, Action.MERGED)

    outcome = promote(library, number, Strategy.MERGE)

    assert (outcome.sha256, outcome.images) == (model, (f"{model}_0.webp", f"{model}_1.webp"))
    merged = model_of(library, model)
    assert (merged.name, merged.meta_json, merged.tags) == ("one", {"a": 1, "b": "two"}, ("new", "old"))
    assert [seq for seq, _ in sources(library, model)] == [0, 1]
    assert locations(library, model) == [str(tmp_path / "one.safetensors"), str(tmp_path / "two.safetensors")]
    assert model_of(library, digest(TWO)) == merged, "the file's own hash leads to the model"
    entry = library.show(model)
    assert entry is not None and entry.known.aliases == (digest(TWO),)
    assert check_library(library).findings == ()
    assert library.undo().refused == ""
    rows, files = snapshot(library)
    assert files.keys() - {"trash"} >= before[1].keys() - {"trash"}
    assert {name: rows[name] for name in before[0] if name not in ("journal", "pulse", "sqlite_sequence")} == {
        name: found for name, found in before[0].items() if name not in ("journal", "pulse", "sqlite_sequence")
    }
    assert library.show(digest(TWO)) is None


@pytest.mark.parametrize("strategy", [None, Strategy.OVERRIDE])
def test_it_can_become_a_model_of_its_own(
    library: Library, tmp_path: Path, model: str, strategy: Strategy | None
) -> None:
    number = add(library, tmp_path, "two", TWO)
    outcome = promote(library, number, strategy)
    assert (outcome.action_taken, outcome.sha256) == (Action.INSERTED, digest(TWO))
    assert model_of(library, model).meta_json == {"a": 1}
    assert states(library) == {}


def test_the_same_file_is_a_conflict_afterwards(library: Library, tmp_path: Path, model: str) -> None:
    promote(library, add(library, tmp_path, "two", TWO), Strategy.MERGE)
    again = add(library, tmp_path, "again", TWO)
    third = add(library, tmp_path, "three", THREE)
    assert states(library) == {again: State.CONFLICT, third: State.SAME_WEIGHTS}
    assert library.processor.process_single_import(again).status is Status.CONFLICT
    planned = library.processor.plan(again, Strategy.MERGE)
    assert planned.alias_of is None, "it is one already"
    assert promote(library, again, Strategy.MERGE).sha256 == model
    assert promote(library, third, Strategy.MERGE).sha256 == model
    entry = library.show(digest(THREE))
    assert entry is not None and set(entry.known.aliases) == {digest(TWO), digest(THREE)}


def test_the_plan_that_was_confirmed_names_the_model(library: Library, tmp_path: Path, model: str) -> None:
    number = add(library, tmp_path, "two", TWO)
    plan = library.processor.plan(number, Strategy.MERGE)
    assert library.undo().undone, "the model is taken back"
    outcome = library.processor.process_single_import(number, Strategy.MERGE, confirmed=plan)
    assert outcome.status is Status.CHANGED


def test_the_model_cannot_be_taken_back_before_what_was_merged(library: Library, tmp_path: Path) -> None:
    first = add_pending(library, model_file(tmp_path, "one.safetensors", ONE))
    promote(library, first)
    second = add_pending(library, model_file(tmp_path, "two.safetensors", TWO))
    library.processor.dry_run(second)
    with library.store.write() as db:  # so that the merge adds nothing but the alias
        db.execute("INSERT INTO locations VALUES (?, ?)", [digest(ONE), str(tmp_path / "two.safetensors")])
        db.execute("UPDATE journal SET after = json_set(after, '$.locations', json(?))", [_locations(library)])
    promote(library, second, Strategy.MERGE)
    with library.store.write() as db:
        db.execute("UPDATE journal SET undone_by = n WHERE n = (SELECT max(n) FROM journal)")
    assert "its model was changed since" in library.undo().refused


def _locations(library: Library) -> str:
    select = "SELECT json_group_array(json_object('sha256', sha256, 'path', path)) FROM locations"
    return str(library.store.db.execute(select).fetchone()[0])


def test_a_row_of_an_old_database_with_an_alias_is_a_conflict(library: Library, tmp_path: Path, model: str) -> None:
    promote(library, add(library, tmp_path, "two", TWO), Strategy.MERGE)
    old = old_database(tmp_path / "old.db", [OldRow(1, str(tmp_path / "two.safetensors"), hash_hex=digest(TWO))])
    report = library.import_legacy(old)
    assert (report.models, report.pending) == (0, 1)
    assert list(states(library).values()) == [State.CONFLICT]


def test_an_import_that_brought_the_model_stays_while_it_has_an_alias(library: Library, tmp_path: Path) -> None:
    path = model_file(tmp_path, "one.safetensors", ONE)
    library.import_legacy(old_database(tmp_path / "old.db", [OldRow(1, str(path), hash_hex=digest(ONE))]))
    promote(library, add(library, tmp_path, "copy", ONE), Strategy.DELETE)  # its hash is computed, and so its body's
    two = add_pending(library, model_file(tmp_path, "two.safetensors", TWO))
    promote(library, two, Strategy.MERGE)
    assert library.show(digest(TWO)) is not None
    report = library.undo(3)
    assert len(report.undone) == 3 and not report.refused
    assert library.show(digest(ONE)) is None


def test_a_scan_follows_and_updates_the_model_of_an_alias(library: Library, tmp_path: Path) -> None:
    root = tmp_path / "models"
    one = put_model(root / "loras" / "one.safetensors", metadata={"modelspec.title": "One"})
    two = put_model(root / "loras" / "two.safetensors", metadata={"modelspec.author": "somebody"})
    put_json(root / "loras" / "two.civitai.info", civitai("Two", files=[{"hashes": {"SHA256": digest(b"?")}}]))
    scan(library, root)
    promote(library, imports(library)["one.safetensors"].id)
    promote(library, imports(library)["two.safetensors"].id, Strategy.MERGE)
    model = digest(one.read_bytes())
    assert counts(scan(library)) == {"files": 2, "known": 2}
    assert "model-file-verdict" not in {one.code for one in check_library(library).findings}

    put_json(root / "loras" / "two.civitai.info", civitai("Two", trainedWords=["fresh"]))
    assert counts(scan(library)) == {"files": 2, "known": 1, "updated": 1}
    assert list(states(library).values()) == [State.CONFLICT]

    two.rename(root / "loras" / "renamed.safetensors")
    report = scan(library)
    assert [(one.sha256, one.new) for one in report.moved] == [(model, str(root / "loras" / "renamed.safetensors"))]
    assert str(root / "loras" / "renamed.safetensors") in locations(library, model)


def test_a_model_that_lies_only_under_another_header_is_in_order(library: Library, tmp_path: Path, model: str) -> None:
    (tmp_path / "one.safetensors").unlink()
    promote(library, add(library, tmp_path, "two", TWO), Strategy.MERGE)
    assert model_of(library, model).path == str(tmp_path / "two.safetensors"), "the old path is gone"
    assert check_library(library, full=True).findings == ()
    (tmp_path / "two.safetensors").write_bytes(ONE + b"!")
    assert [one.code for one in check_library(library, full=True).findings] == ["model-file-changed"]


def test_a_header_written_over_in_place_is_recognised(library: Library, tmp_path: Path, model: str) -> None:
    model_file(tmp_path, "one.safetensors", TWO)
    number = add_pending(library, tmp_path / "one.safetensors")
    library.processor.dry_run(number)
    assert states(library) == {number: State.SAME_WEIGHTS}
    assert promote(library, number, Strategy.MERGE).sha256 == model


def test_body_hashes_of_an_earlier_version_are_kept(tmp_path: Path) -> None:
    with Library.open(tmp_path / "library") as library:
        path = str(model_file(tmp_path, "one.safetensors", ONE))
        promote(library, add_pending(library, path))
        [stamp] = library.store.db.execute("SELECT stamp FROM file_hashes").fetchone()
    undo_migrations_after(tmp_path / "library" / "library.db", "5_blake3")
    with closing(sqlite3.connect(tmp_path / "library" / "library.db")) as db, db:
        db.execute("INSERT INTO body_hashes VALUES (?, ?, ?)", [path, stamp, digest(b"the same weights")])
    with Library.open(tmp_path / "library") as library:
        two = add(library, tmp_path, "two", TWO)
        assert states(library) == {two: State.SAME_WEIGHTS}


def test_files_without_weights_are_not_alike(library: Library, tmp_path: Path) -> None:
    for n in range(2):
        library.processor.dry_run(
            add_pending(library, model_file(tmp_path, f"{n}.safetensors", with_header(b"{%d}" % n)))
        )
    assert set(states(library).values()) == {State.NEW}


def test_same_models_of_many_are_chosen_by_hash(library: Library, tmp_path: Path, model: str) -> None:
    second = add(library, tmp_path, "two", TWO)
    promote(library, second)
    third = add(library, tmp_path, "three", THREE)
    [row] = library.queue.rows([third])
    assert row.model_with_weights == min(model, digest(TWO))
    add_model(library, digest(THREE), "/m")
    assert states(library) == {third: State.CONFLICT}
