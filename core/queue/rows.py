"""Rows of the queue: what is stored, together with how the model files are now."""

from __future__ import annotations

from collections.abc import Iterable
from itertools import islice

from sqlite_utils import Database

from core.domain.enums import State
from core.domain.records import MAX_LISTED_DUPLICATES, QueueRow
from core.domain.verdict import Verdict
from core.files.safe_open import fingerprint, size_of_stamp
from core.planning.verdicts import FileFacts, verdict
from core.queue import states
from core.storage import state_facts
from core.storage.queue_rows import StoredRow


def row_of(db: Database, row: StoredRow, stamp: str | None) -> QueueRow:
    """Return a row with its state; ``stamp`` is the current fingerprint of its file, None if there is no file."""
    sha256 = row.sha256 if stamp is not None and stamp == row.stamp else None
    state = states.base_state(stamp, row.stamp, row.in_library)
    alike = still_there(state_facts.same_hash(db, row)) if sha256 else ()
    model, weights = None, tuple[int, ...]()
    if state is State.NEW:
        model = row.model_with_weights
        weights = still_there(state_facts.same_weights(db, row)) if row.body else ()
        state = State.SAME_WEIGHTS if model or weights else State.DUPLICATE if alike else state
    library_tags = row.library_tags if sha256 is not None else ()
    facts = row.id, row.name, row.path, row.type, row.size_bytes
    decided = row.decision, row.tags, row.images, row.by_hand
    bases = row.base_model, row.shown_base
    judged = _verdict(row, stamp, sha256)
    return QueueRow(
        *facts,
        sha256,
        state,
        *decided,
        library_tags,
        alike,
        row.damage,
        *bases,
        judged,
        model,
        weights,
        nsfw=row.nsfw,
    )


def still_there(found: Iterable[tuple[int, str, str]]) -> tuple[int, ...]:
    """Return the first ids of pending imports whose files still have the stamps that go with their hashes."""
    same = (pending_id for pending_id, path, stamp in found if fingerprint(path) == stamp)
    return tuple(sorted(islice(same, MAX_LISTED_DUPLICATES)))


def _verdict(row: StoredRow, stamp: str | None, sha256: str | None) -> Verdict | None:
    """Return the verdict on a row's file, None if no scan has read it, or its hash is needed and not known."""
    if row.scanned is None or stamp is None:
        return None
    known = row.scanned
    hashes = (sha256, row.body, known.blake3) if sha256 else ()
    facts = FileFacts(size_of_stamp(stamp), known.whole, known.unreadable, *hashes)
    return verdict(facts, known.claims)
