"""Files that are one model under several headers: aliases of a model's hash, and files with the same weights."""

from __future__ import annotations

from sqlite_utils import Database

from core.storage.codecs import is_sha256
from core.storage.fetch import all_rows, one_row

MODEL_WITH_WEIGHTS = (
    "(SELECT coalesce(m.sha256, a.model) FROM body_hashes other LEFT JOIN models m ON m.sha256 = other.file "
    "LEFT JOIN aliases a ON a.sha256 = other.file WHERE other.sha256 = b.sha256 AND other.file <> b.file "
    "AND coalesce(m.sha256, a.model) IS NOT NULL ORDER BY 1 LIMIT 1)"
)
"""For a row ``b`` of ``body_hashes``: the library's model with that body under another header, the first by hash."""


def model_of(db: Database, sha256: str) -> str | None:
    """Return the hash of the library's model that a file is, by its own hash or as an alias, or None."""
    row = one_row(
        db,
        "SELECT sha256, 0 FROM models WHERE sha256 = ? UNION ALL SELECT model, 1 FROM aliases WHERE sha256 = ? "
        "ORDER BY 2 LIMIT 1",
        [sha256, sha256],
    )
    return row[0] if row and is_sha256(row[0]) else None


def model_with_weights(db: Database, sha256: str) -> str | None:
    """Return the hash of the library's model that has the weights of a file under another header, or None."""
    row = one_row(db, f"SELECT {MODEL_WITH_WEIGHTS} FROM body_hashes b WHERE b.file = ?", [sha256])
    return row[0] if row and is_sha256(row[0]) else None


def add(db: Database, sha256: str, model: str) -> None:
    """Keep the hash of a file as an alias of a model."""
    db.execute("INSERT OR IGNORE INTO aliases VALUES (?, ?)", [sha256, model])


def of_model(db: Database, model: str) -> tuple[str, ...]:
    """Return the hashes of the files that were merged into a model as another version of it, sorted."""
    found = all_rows(db, "SELECT sha256 FROM aliases WHERE model = ? ORDER BY sha256", [model])
    return tuple(sha256 for (sha256,) in found if is_sha256(sha256))
