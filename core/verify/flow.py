"""Run the whole flow on a scratch library: Stage 1, hashing, locking, the four strategies, image sequences."""

from __future__ import annotations

import tempfile
import threading
from collections import Counter
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from core.domain.enums import Action, State, Status, Strategy
from core.domain.layout import pending_path
from core.domain.outcomes import Conflict, Outcome
from core.domain.records import Model, PendingImport, QueueRow
from core.importing.legacy.rows import IMAGE_KEYS
from core.library import Library
from core.sample.library import sample_library
from core.verify.findings import Check

_THREADS = 8


class _Failed(Exception):
    """A step of the flow failed."""


def check_flow() -> tuple[Check, ...]:
    """Run every step on a sample library in a temporary folder; return one check for each step."""
    steps: tuple[tuple[str, Callable[[Library], str]], ...] = (
        ("stage 1", _stage_1),
        ("hashing", _hashing),
        ("locking", _locking),
        ("insert", _insert),
        ("conflict", _conflict),
        ("merge", _merge),
        ("override", _override),
        ("delete", _delete),
        ("skip", _skip),
    )
    checks: list[Check] = []
    with tempfile.TemporaryDirectory(prefix="model-curator-verify-") as folder:
        try:
            library = sample_library(Path(folder))
        except Exception as error:
            return (Check("flow: stage 1", False, f"{type(error).__name__}: {error}"),)
        with library:
            for name, step in steps:
                try:
                    checks.append(Check(f"flow: {name}", True, step(library)))
                except Exception as error:  # any exception means that the check failed
                    checks.append(Check(f"flow: {name}", False, f"{type(error).__name__}: {error}"))
    return tuple(checks)


def _must(condition: bool, what: str) -> None:
    if not condition:
        raise _Failed(what)


def _first(library: Library, state: State, *, images: bool = True) -> QueueRow:
    for row in library.queue.all():
        if row.state is state and (row.images or not images):
            return row
    raise _Failed(f"the sample has no pending import that is {state}")


def _pending(library: Library, row: QueueRow) -> PendingImport:
    entry = library.show(str(row.id))
    if entry is None or not isinstance(entry.record, PendingImport):
        raise _Failed(f"pending import {row.id} is gone")
    return entry.record


def _model(library: Library, sha256: str | None) -> Model:
    entry = library.show(sha256 or "")
    if entry is None or not isinstance(entry.record, Model):
        raise _Failed("the model is not in the library")
    return entry.record


def _done(outcome: Outcome, action: Action) -> Outcome:
    _must(outcome.action_taken is action, f"{outcome.status} {outcome.error or outcome.action_taken}, not {action}")
    return outcome


def _stage_1(library: Library) -> str:
    rows = list(library.queue.all())
    for row in rows:
        meta = _pending(library, row).meta_json
        _must(not IMAGE_KEYS & meta.keys(), f"image paths are left in the metadata of {row.id}")
    return f"{len(rows)} pending imports, no image path left in their metadata"


def _hashing(library: Library) -> str:
    library.queue.hash_ahead(list, threading.Event(), lambda _: None)
    counts = library.queue.counts()
    _must(not counts.states.get(State.UNHASHED), "not every file was hashed")
    return ", ".join(f"{number} {state}" for state, number in sorted(counts.states.items()))


def _locking(library: Library) -> str:
    row = _first(library, State.NEW)
    ready = threading.Barrier(_THREADS)

    def promote(_: int) -> Status:
        ready.wait()
        return library.processor.process_single_import(row.id).status

    with ThreadPoolExecutor(_THREADS) as pool:
        ends = Counter(pool.map(promote, range(_THREADS)))
    _must(ends[Status.SUCCESS] == 1, f"promoted {ends[Status.SUCCESS]} times")
    _must(ends[Status.LOCKED] + ends[Status.NOT_FOUND] == _THREADS - 1, f"unexpected answers: {dict(ends)}")
    return f"{_THREADS} at once, promoted once"


def _insert(library: Library) -> str:
    row = _first(library, State.NEW)
    outcome = _done(library.processor.process_single_import(row.id), Action.INSERTED)
    expected = tuple(f"{outcome.sha256}_{n}.webp" for n in range(len(row.images)))
    _must(outcome.images == expected, f"the sequence is {outcome.images}")
    _must(library.show(str(row.id)) is None, "the row is still pending")
    return f"{len(expected)} images, numbered from 0"


def _conflict(library: Library) -> str:
    row = _first(library, State.CONFLICT)
    outcome = library.processor.process_single_import(row.id)
    _must(isinstance(outcome, Conflict), f"the answer is {outcome.status}")
    _must(isinstance(outcome, Conflict) and outcome.existing is not None, "the records are not carried")
    _must(library.show(str(row.id)) is not None, "the row has left the queue")
    return "both records carried, nothing changed"


def _merge(library: Library) -> str:
    row = _first(library, State.CONFLICT)
    before, pending = _model(library, row.sha256), _pending(library, row)
    images = library.image_scanner.get_image_list(before.sha256)
    outcome = _done(library.processor.process_single_import(row.id, Strategy.MERGE), Action.MERGED)
    after = _model(library, row.sha256)
    _must(set(after.tags) == {*before.tags, *pending.tags}, "the tags are no union")
    _must(before.meta_json.keys() <= after.meta_json.keys(), "a key was dropped")
    _must(list(outcome.images[: len(images)]) == [f"{i}.webp" for i in images], "an image was displaced")
    return f"{len(outcome.images) - len(images)} images appended, tags united, nothing dropped"


def _override(library: Library) -> str:
    row = _first(library, State.CONFLICT)
    pending = _pending(library, row)
    _done(library.processor.process_single_import(row.id, Strategy.OVERRIDE), Action.OVERRIDDEN)
    after = _model(library, row.sha256)
    _must(after.meta_json == pending.meta_json and after.name == pending.name, "a column kept its old value")
    return "every column overridden"


def _delete(library: Library) -> str:
    row = _first(library, State.MISSING)
    _done(library.processor.process_single_import(row.id, Strategy.DELETE), Action.DELETED)
    left = [file for file in row.images if (library.root / pending_path(file)).exists()]
    _must(not left and library.show(str(row.id)) is None, "part of it is left")
    return "row, tags and images gone, the images to the trash"


def _skip(library: Library) -> str:
    row = _first(library, State.CONFLICT, images=False)
    _done(library.processor.process_single_import(row.id, Strategy.SKIP), Action.IGNORED)
    _must(library.show(str(row.id)) is not None, "the row has left the queue")
    return "still pending"
