"""Count or sort the whole queue by state. Every model file is checked with ``stat``, none is read."""

from __future__ import annotations

import threading
from array import array
from collections import Counter
from collections.abc import Collection, Iterator

from sqlite_utils import Database

from core.domain.enums import State
from core.errors import Cancelled
from core.files.safe_open import fingerprint
from core.storage import queue_rows

_Alone = tuple[int, State, str | None]


def base_state(stamp: str | None, hashed_stamp: str | None, in_library: bool) -> State:
    """Return the state that a pending import has if no other one has its hash.

    ``stamp`` is the current stamp of its file, ``hashed_stamp`` the one it had when the hash was computed.
    """
    if stamp is None:
        return State.MISSING
    if stamp != hashed_stamp:
        return State.UNHASHED
    return State.CONFLICT if in_library else State.NEW


def count(db: Database, cancel: threading.Event | None) -> Counter[State]:
    """Return the number of pending imports in each state. Raises Cancelled."""
    states: Counter[State] = Counter()
    alike: Counter[str] = Counter()
    for batch in _alone(db, cancel):
        found = [state for _, state, _ in batch]
        states.update({state: found.count(state) for state in State})
        alike.update(sha256 for _, state, sha256 in batch if sha256 and state is State.NEW)
    if duplicates := sum(count for count in alike.values() if count > 1):
        states.update({State.NEW: -duplicates, State.DUPLICATE: duplicates})
    return +states


def ids_by_state(
    db: Database, wanted: Collection[int] | None, descending: bool, cancel: threading.Event | None
) -> array[int]:
    """Return ids sorted by state, then by id, but with equal files together; all if ``wanted`` is None.

    Raises Cancelled.
    """
    # Do not sort here: rows arrive by id, and sorting so many in Python would block all other threads.
    firsts: dict[State, list[int]] = {state: [] for state in State}
    groups: dict[str, list[int]] = {}
    leading: dict[int, list[int]] = {}
    for batch in _alone(db, cancel):
        for pending_id, state, sha256 in batch:
            if sha256 is None:
                firsts[state].append(pending_id)
            elif sha256 in groups:
                groups[sha256].append(pending_id)
            else:
                groups[sha256] = leading[pending_id] = [pending_id]
                firsts[state].append(pending_id)
    firsts[State.DUPLICATE] = [pending_id for pending_id in firsts[State.NEW] if len(leading.get(pending_id, ())) > 1]
    firsts[State.NEW] = [pending_id for pending_id in firsts[State.NEW] if len(leading.get(pending_id, ())) < 2]
    states = reversed(State) if descending else iter(State)
    together = (
        pending_id for state in states for first in firsts[state] for pending_id in leading.get(first, (first,))
    )
    if wanted is None:
        return array("q", together)
    left = set(wanted)
    return array("q", (pending_id for pending_id in together if pending_id in left))


def _alone(db: Database, cancel: threading.Event | None) -> Iterator[list[_Alone]]:
    """Yield the queue by id in batches: id, state, and the hash if another import may have it too."""
    for batch in queue_rows.iter_state_facts(db):
        if cancel is not None and cancel.is_set():
            raise Cancelled("checking the model files was cancelled")
        yield [_seen(*row) for row in batch]


def _seen(pending_id: int, path: str, stamp: str | None, in_library: bool, sha256: str | None) -> _Alone:
    state = base_state(fingerprint(path), stamp, in_library)
    return pending_id, state, sha256 if state in (State.NEW, State.CONFLICT) else None
