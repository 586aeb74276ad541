"""Places in a long list of ids: where an id is, and where the cursor goes when others are removed.

The work for each promotion costs no more in a list of 100,000 ids than in one of 100.
"""

from __future__ import annotations

from array import array
from bisect import bisect_left
from collections.abc import Collection, Container, Sequence
from itertools import chain

# Up to so many ids, and so many linear searches, removing one by one is cheaper than filtering all.
_FEW, _FEW_SEARCHED = 64, 2


def place_of(ids: array[int], pending_id: int) -> int | None:
    """Return the place of an id, None if it is missing; fast if the ids are sorted."""
    if (place := _place_in_order(ids, pending_id)) is not None:
        return place
    try:
        return ids.index(pending_id)
    except ValueError:
        return None


def _place_in_order(ids: array[int], pending_id: int) -> int | None:
    place = bisect_left(ids, pending_id)
    return place if place < len(ids) and ids[place] == pending_id else None


def place_among(ids: array[int], before: array[int], cursor: int) -> int:
    """Return the place in ``ids`` for a cursor that was at place ``cursor`` in ``before``.

    It stays on its id, or goes to the next remaining one, or to the last one before.
    """
    if not ids or not before:
        return 0
    if (place := place_of(ids, before[cursor])) is not None:
        return place
    left = set(ids)
    following = (pending_id for pending_id in before[cursor:] if pending_id in left)
    preceding = (pending_id for pending_id in reversed(before[:cursor]) if pending_id in left)
    stay = next(following, None) or next(preceding, None)
    return ids.index(stay) if stay is not None else 0


def cut(ids: array[int], gone: Collection[int], cursor: int) -> int:
    """Remove ids from an array, and return the new place of the cursor by the rule of ``place_among``."""
    searched = sum(_place_in_order(ids, pending_id) is None for pending_id in gone) if len(gone) <= _FEW else 0
    if len(gone) > _FEW or searched > _FEW_SEARCHED:
        kept_before = sum(pending_id not in gone for pending_id in ids[:cursor])
        ids[:] = array("q", (pending_id for pending_id in ids if pending_id not in gone))
        cursor = kept_before
    else:
        for pending_id in gone:
            if (place := place_of(ids, pending_id)) is not None:
                del ids[place]
                cursor -= place < cursor
    return max(0, min(cursor, len(ids) - 1))


def next_without(ids: Sequence[int], cursor: int, by: int, without: Container[int]) -> int | None:
    """Return the place of the next id (the previous, if ``by`` is negative) not in ``without``; wraps around once."""
    count = len(ids)
    places = chain(range(cursor + 1, count), range(cursor)) if by > 0 else _back(cursor, count)
    return next((place for place in places if ids[place] not in without), None)


def _back(cursor: int, count: int) -> chain[int]:
    return chain(range(cursor - 1, -1, -1), range(count - 1, cursor, -1))


def around(first: int, last: int, count: int) -> range:
    """Return the places in view and as many before and after them, out of ``count``."""
    return range(max(2 * first - last, 0), min(2 * last - first + 1, count))
