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
from core.storage import state_facts
from core.storage.state_facts import StateFacts


def base_state(stamp: str | None, hashed_stamp: str | None, in_library: bool) -> State:
    """Return the state that a pending import has if no other one has its hash.

    ``stamp`` is the current stamp of its file, ``hashed_stamp`` the one it had when the hash was computed.
    """
    if stamp is None:
        return State.MISSING
    if stamp != hashed_stamp:
        return State.UNHASHED
    return State.CONFLICT if in_library else State.NEW


class _Alike:
    """The pending imports with the same file or the same weights as others, collected while the queue is read."""

    def __init__(self) -> None:
        self.of_file: dict[str, list[int]] = {}
        self._of_weights: dict[str, dict[str, list[int]]] = {}  # body, then hash
        self._of_models: list[int] = []

    def add(self, facts: StateFacts, state: State) -> list[int] | None:
        """Add an import; return the ids with its file so far, a list that grows, or None if there is no other."""
        if state not in (State.NEW, State.CONFLICT) or facts.sha256 is None:
            return None
        group = self.of_file.setdefault(facts.sha256, [])
        group.append(facts.id)
        if facts.body is not None:
            self._of_weights.setdefault(facts.body, {}).setdefault(facts.sha256, []).append(facts.id)
        if facts.model_with_weights is not None:
            self._of_models.append(facts.id)
        return group

    def with_weights(self) -> set[int]:
        """Return the ids whose weights the library or another pending import has under another header."""
        pairs = (files for files in self._of_weights.values() if len(files) > 1)
        return {*self._of_models, *(i for files in pairs for ids in files.values() for i in ids)}


def count(db: Database, cancel: threading.Event | None) -> Counter[State]:
    """Return the number of pending imports in each state. Raises Cancelled."""
    states: Counter[State] = Counter()
    alike, fresh = _Alike(), set[int]()
    for batch in _alone(db, cancel):
        found = [state for _, state in batch]
        states.update({state: found.count(state) for state in State})
        fresh.update(facts.id for facts, state in batch if alike.add(facts, state) and state is State.NEW)
    weights = alike.with_weights() & fresh
    alone = (ids for ids in alike.of_file.values() if ids[0] in fresh and ids[0] not in weights)
    duplicates = sum(len(ids) for ids in alone if len(ids) > 1)
    moved = {State.NEW: -duplicates - len(weights), State.DUPLICATE: duplicates, State.SAME_WEIGHTS: len(weights)}
    states.update(moved)
    return +states


def ids_by_state(
    db: Database, wanted: Collection[int] | None, descending: bool, cancel: threading.Event | None
) -> array[int]:
    """Return ids sorted by state, then by id, but with equal files together; all if ``wanted`` is None.

    Raises Cancelled.
    """
    # Do not sort here: rows arrive by id, and sorting so many in Python would block all other threads.
    firsts: dict[State, list[int]] = {state: [] for state in State}
    alike, leading = _Alike(), dict[int, list[int]]()
    for batch in _alone(db, cancel):
        for facts, state in batch:
            group = alike.add(facts, state)
            if group is None or group[0] == facts.id:
                firsts[state].append(facts.id)
            if group is not None:
                leading[group[0]] = group
    weights = alike.with_weights()
    firsts[State.SAME_WEIGHTS] = [pending_id for pending_id in firsts[State.NEW] if pending_id in weights]
    others = [pending_id for pending_id in firsts[State.NEW] if pending_id not in weights]
    firsts[State.DUPLICATE] = [pending_id for pending_id in others if len(leading.get(pending_id, ())) > 1]
    firsts[State.NEW] = [pending_id for pending_id in others if len(leading.get(pending_id, ())) < 2]
    states = reversed(State) if descending else iter(State)
    together = (
        pending_id for state in states for first in firsts[state] for pending_id in leading.get(first, (first,))
    )
    if wanted is None:
        return array("q", together)
    left = set(wanted)
    return array("q", (pending_id for pending_id in together if pending_id in left))


def _alone(db: Database, cancel: threading.Event | None) -> Iterator[list[tuple[StateFacts, State]]]:
    """Yield the queue by id in batches, each with the state that it has if no other one is like it."""
    for batch in state_facts.iter_state_facts(db):
        if cancel is not None and cancel.is_set():
            raise Cancelled("checking the model files was cancelled")
        yield [(one, base_state(fingerprint(one.path), one.stamp, one.in_library)) for one in batch]
