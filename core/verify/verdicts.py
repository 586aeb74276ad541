"""Is each scanned file what is claimed of it? By what is known of its hashes, and its size now."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial

from sqlite_utils import Database

from core.domain.records import Model, PendingImport
from core.domain.verdict import BAD_VERDICTS, VERDICT_WORDS, Verdict
from core.errors import RowDamaged
from core.library import Library
from core.promotion.knowledge import knowledge
from core.storage import integrity, models, pending
from core.storage.caches import HashCache
from core.verify.findings import Finding, FindingCode
from core.verify.looks import Look, settled

_REPORTED = BAD_VERDICTS | {Verdict.PADDED}


def check_verdicts(library: Library) -> Iterator[Finding]:
    """Report models and pending imports whose file is cut short, damaged, or not the one that is claimed."""
    ids = library.queue.search()
    hashes = HashCache(library.store)

    def looks(db: Database) -> Iterator[Look]:
        for key in (*(sha256 for sha256, _ in integrity.model_paths(db)), *map(str, ids)):
            yield partial(_findings, hashes, key)

    yield from settled(library.store, looks)


def _findings(hashes: HashCache, key: str, db: Database) -> Iterator[Finding]:
    try:
        record: Model | PendingImport | None = pending.get(db, int(key)) if len(key) < 64 else models.get(db, key)
        verdict = None if record is None else knowledge(db, hashes, record).verdict
    except RowDamaged:  # reported elsewhere
        return
    if record is not None and verdict in _REPORTED:
        yield Finding(FindingCode.MODEL_FILE_VERDICT, key, record.path, VERDICT_WORDS[verdict])
