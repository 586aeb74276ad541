"""Giving tags and trigger words to many pending imports at once, as one operation."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import replace
from typing import Any

from sqlite_utils import Database

from core.domain.enums import Action, OperationKind
from core.domain.history import ADDED_WORDS
from core.domain.records import PendingImport
from core.errors import RowDamaged
from core.operations.journal import Change, Journal
from core.storage import import_batches, pending, record_rows, tags
from core.storage.import_batches import Added

_TRIGGERS = "trained_words"  # the key of meta_json


class _NothingNew(Exception):
    """Every import has all of the words: nothing is written."""


class AddWords:
    """Adds what imports do not have yet; nothing is taken away."""

    def __init__(self, journal: Journal) -> None:
        self._journal = journal

    def __call__(self, ids: Sequence[int], tag_names: Sequence[str], triggers: Sequence[str]) -> int:
        """Add tags and trigger words; return how many imports have changed. Raises LibraryError.

        Imports that have left the queue, and damaged ones, are passed over.
        """
        with self._journal.staging() as staging, suppress(_NothingNew):

            def change(db: Database) -> tuple[Change, int]:
                added, before = Added(), dict[str, list[Mapping[str, Any]]]()
                for record in _readable(db, ids):
                    with_words = _with_words(record, tag_names, triggers)
                    if with_words == record:
                        continue
                    for table, rows in record_rows.snapshot(db, record.id, None).items():
                        before.setdefault(table, []).extend(rows)
                    names = [tags.get_or_create(db, 0, name, None, None)[0] for name in with_words.tags]
                    pending.update(db, with_words, names)
                    added.changed_imports.append(record.id)
                if not added.changed_imports:
                    raise _NothingNew
                entry = import_batches.to_entry(db, staging.op, ADDED_WORDS, added, before)
                return Change([], Action.IMPORTED, before=entry[0], after=entry[1]), len(added.changed_imports)

            return self._journal.execute(staging, OperationKind.IMPORT, change).value
        return 0


def _readable(db: Database, ids: Sequence[int]) -> list[PendingImport]:
    found = []
    for pending_id in ids:
        try:
            record = pending.get(db, pending_id)
        except RowDamaged:
            continue
        if record is not None:
            found.append(record)
    return found


def _with_words(record: PendingImport, tag_names: Sequence[str], triggers: Sequence[str]) -> PendingImport:
    """Return an import with tags and trigger words added; trigger words that are no list are left as they are."""
    meta, there = dict(record.meta_json), record.meta_json.get(_TRIGGERS) or []
    if isinstance(there, list) and (new := [word for word in triggers if word not in there]):
        meta[_TRIGGERS] = [*there, *new]
    return replace(record, tags=tuple(sorted({*record.tags, *tag_names})), meta_json=meta)
