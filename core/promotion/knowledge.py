"""Read what is known about a record's file from what scans have stored."""

from __future__ import annotations

from sqlite_utils import Database

from core.domain.knowledge import CheckedClaim, Knowledge
from core.domain.records import Model, PendingImport
from core.files.safe_open import fingerprint, size_of_stamp
from core.planning.sources import combine
from core.planning.verdicts import FileFacts, claim_holds, verdict
from core.storage import aliases, models, scans
from core.storage.caches import HashCache, blake3_hash, body_hash
from core.storage.scans import StoredFile


def knowledge(db: Database, hashes: HashCache, record: Model | PendingImport) -> Knowledge:
    """Return what is known about a record's file, or its files if it was found at several places."""
    paths = list(dict.fromkeys((record.path, *_locations(db, record))))
    files = [file for path in paths if (file := scans.file_at(db, path))]
    said = combine(one for file in files for one in scans.statements(db, file.id))
    facts = _facts(db, hashes, record, files)
    # What is claimed of other files that were merged into the model, or took its file's place, is not about this one.
    own = [file for file in files if facts.sha256 is None or scans.hash_of(db, file) in (None, facts.sha256)]
    claims = tuple(dict.fromkeys(one for file in own for one in scans.claims(db, file.id)))
    others = [other for path in paths for other in scans.other_paths(db, path)]
    shown = (scans.structure(db, file.id) for file in files)
    return Knowledge(
        tuple(filter(None, dict.fromkeys((*paths, *others)))),
        {name: tuple(found) for name, found in said.sources.items()},
        tuple(CheckedClaim(one, claim_holds(one, facts)) for one in claims),
        next(filter(None, shown), None),
        facts.sha256,
        facts.body,
        facts.blake3,
        verdict(facts, claims) if files else None,
        aliases.of_model(db, record.sha256) if isinstance(record, Model) else (),
    )


def _facts(db: Database, hashes: HashCache, record: Model | PendingImport, files: list[StoredFile]) -> FileFacts:
    """Return what is known of a record's file at its current path, by the first scan that has read it."""
    stamp = fingerprint(record.path)
    sha256 = record.sha256 if isinstance(record, Model) else stamp and hashes.get(record.path, stamp)
    body = body_hash(db, sha256) if sha256 else None
    blake3 = blake3_hash(db, record.path, stamp) if stamp is not None else None
    whole, unreadable = scans.size_by_header(db, files[0].id) if files else (None, False)
    return FileFacts(size_of_stamp(stamp) if stamp is not None else None, whole, unreadable, sha256, body, blake3)


def _locations(db: Database, record: Model | PendingImport) -> list[str]:
    return models.locations(db, record.sha256) if isinstance(record, Model) else []
