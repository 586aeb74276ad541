"""The states of the whole queue at once, counted or put in order. Every model file is looked at, none is read."""

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

    ``stamp`` is that of its file as it is now, ``hashed_stamp`` the one it had when the hash was computed.
    """
    if stamp is None:
        return State.MISSING
    if stamp != hashed_stamp:
        return State.UNHASHED
    return State.CONFLICT if in_library else State.NEW


def count(db: Database, cancel: threading.Event | None) -> Counter[State]:
    """Return how many pending imports are in each state. Raises Cancelled."""
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
    """Return ids by state, and by id within one, but the same file together; all where ``wanted`` is None.

    Raises Cancelled.
    """
    # Nothing is sorted here: rows come by id, and sorting so many in Python would keep all other threads waiting.
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
    """Go through the queue by id; with each state comes the hash where another import may have it too."""
    for batch in queue_rows.iter_state_facts(db):
        if cancel is not None and cancel.is_set():
            raise Cancelled("checking the model files was cancelled")
        yield [_seen(*row) for row in batch]


def _seen(pending_id: int, path: str, stamp: str | None, in_library: bool, sha256: str | None) -> _Alone:
    state = base_state(fingerprint(path), stamp, in_library)
    return pending_id, state, sha256 if state in (State.NEW, State.CONFLICT) else None
