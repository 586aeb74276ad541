"""Read what is known about a record's file from what scans have stored."""

from __future__ import annotations

from sqlite_utils import Database

from core.domain.knowledge import CheckedClaim, Knowledge
from core.domain.records import Model, PendingImport
from core.domain.statements import ClaimKind, SourcedClaim
from core.files.safe_open import fingerprint, model_size
from core.planning.sources import combine
from core.storage import models, scans
from core.storage.caches import HashCache


def knowledge(db: Database, hashes: HashCache, record: Model | PendingImport) -> Knowledge:
    """Return what is known about a record's file, or its files if it was found at several places."""
    paths = list(dict.fromkeys((record.path, *_locations(db, record))))
    files = [file for path in paths if (file := scans.file_at(db, path))]
    said = combine(one for file in files for one in scans.statements(db, file.id))
    sha256 = record.sha256 if isinstance(record, Model) else _hash(hashes, record.path)
    size = record.size_bytes if isinstance(record, Model) else model_size(record.path)
    claims = dict.fromkeys(one for file in files for one in scans.claims(db, file.id))
    others = [other for path in paths for other in scans.other_paths(db, path)]
    shown = (scans.structure(db, file.id) for file in files)
    return Knowledge(
        tuple(filter(None, dict.fromkeys((*paths, *others)))),
        {name: tuple(found) for name, found in said.sources.items()},
        tuple(CheckedClaim(one, _holds(one, sha256, size)) for one in claims),
        next(filter(None, shown), None),
    )


def _locations(db: Database, record: Model | PendingImport) -> list[str]:
    return models.locations(db, record.sha256) if isinstance(record, Model) else []


def _hash(hashes: HashCache, path: str) -> str | None:
    stamp = fingerprint(path)
    return None if stamp is None else hashes.get(path, stamp)


def _holds(stated: SourcedClaim, sha256: str | None, size: int | None) -> bool | None:
    """Return whether a claim is true, None where that is not known."""
    claim = stated.claim
    match claim.kind:
        case ClaimKind.SHA256:
            return None if sha256 is None else claim.value == sha256
        case ClaimKind.AUTOV2:
            return None if sha256 is None else sha256.startswith(claim.value)
        case ClaimKind.SIZE:
            return None if size is None else claim.value == str(size)
    return None
