"""The library's schema as a list of migrations. Never change a released migration; append a new one."""

from __future__ import annotations

from sqlite_utils import Database
from sqlite_utils.migrations import Migrations

migrations = Migrations("model-curator")

SCHEMAS = {
    "1_library_queue_journal": "ec02df376d4da2e89b995042493d7dc789e2b40dceffb1a596bac53d222c336a",
    "2_picks": "1d5dd1dc20d9fafd8cf414e666f9a627f96a84e5b8d1493d034464a078d332f0",
    "3_scans": "0e1f3abfeab818403d19cf85455b2acbe6973502980c75533463606bb7942ef9",
    "4_generations_stacks": "93f67355c6ebe6e0af31f12342ab638e21e54aaaba500576ab0f266b3c33d545",
    "5_blake3": "e71094b8d53929e10c18d5f31f17347e28b95ddf084e8dd7a9b79f036d57ec10",
    "6_same_weights": "b79d22fd4aec2e64028b9d61dd99fc6d237595be0ca59ee4e350777d728d1340",
    "7_pictures_beside": "a7b0b91efcb72adc71460e0685b652599d7d11b58ffcbad56d5839a4826a8594",
}
"""The migrations in order, each with the digest of the schema after it: see ``core.storage.schema_check``."""

_LIBRARY = """
CREATE TABLE models (
    sha256      TEXT PRIMARY KEY CHECK (length(sha256) = 64 AND sha256 NOT GLOB '*[^0-9a-f]*'),
    path        TEXT NOT NULL,  -- a BLOB where the path is not UTF-8
    name        TEXT NOT NULL,
    type        TEXT NOT NULL,
    size_bytes  INTEGER NOT NULL,
    created_at  INTEGER NOT NULL,  -- ms since 1970
    meta_json   TEXT NOT NULL
) WITHOUT ROWID;
CREATE TABLE locations (
    sha256  TEXT NOT NULL REFERENCES models (sha256) ON DELETE CASCADE,
    path    TEXT NOT NULL,
    PRIMARY KEY (sha256, path)
) WITHOUT ROWID;
CREATE TABLE model_images (
    sha256         TEXT NOT NULL REFERENCES models (sha256) ON DELETE CASCADE,
    seq            INTEGER NOT NULL CHECK (seq >= 0),
    source_sha256  TEXT NOT NULL,  -- of the bytes the tiers were made from
    high           TEXT NOT NULL,  -- SHA-256 of each tier's file
    medium         TEXT NOT NULL,
    low            TEXT NOT NULL,
    PRIMARY KEY (sha256, seq)
) WITHOUT ROWID;
CREATE INDEX model_images_source ON model_images (source_sha256);
CREATE TABLE pending_import (
    id              INTEGER PRIMARY KEY AUTOINCREMENT,
    path            TEXT NOT NULL,
    name            TEXT NOT NULL,
    type            TEXT NOT NULL,
    size_bytes      INTEGER NOT NULL,
    created_at      INTEGER NOT NULL,
    meta_json       TEXT NOT NULL,
    claimed_sha256  TEXT,
    decision        TEXT CHECK (decision IN ('override', 'merge', 'delete', 'skip'))
);
CREATE INDEX pending_import_path ON pending_import (path);
CREATE TABLE pending_images (
    pending_id  INTEGER NOT NULL REFERENCES pending_import (id) ON DELETE CASCADE,
    n           INTEGER NOT NULL,
    file        TEXT NOT NULL,
    sha256      TEXT NOT NULL,
    PRIMARY KEY (pending_id, n)
) WITHOUT ROWID;
CREATE TABLE tags (
    id          INTEGER PRIMARY KEY,
    name        TEXT NOT NULL UNIQUE,
    color       TEXT,
    created_at  INTEGER
);
CREATE TABLE model_tags (
    sha256  TEXT NOT NULL REFERENCES models (sha256) ON DELETE CASCADE,
    tag_id  INTEGER NOT NULL REFERENCES tags (id) ON DELETE CASCADE,
    PRIMARY KEY (sha256, tag_id)
) WITHOUT ROWID;
CREATE TABLE pending_import_tags (
    pending_id  INTEGER NOT NULL REFERENCES pending_import (id) ON DELETE CASCADE,
    tag_id      INTEGER NOT NULL REFERENCES tags (id) ON DELETE CASCADE,
    PRIMARY KEY (pending_id, tag_id)
) WITHOUT ROWID;
CREATE INDEX model_tags_tag ON model_tags (tag_id);
CREATE INDEX pending_import_tags_tag ON pending_import_tags (tag_id);
"""

_MEMORY = """
CREATE TABLE file_hashes (  -- what was computed from the file at a path, while its stamp stays the same
    path    TEXT PRIMARY KEY,
    stamp   TEXT NOT NULL,
    sha256  TEXT NOT NULL
) WITHOUT ROWID;
CREATE INDEX file_hashes_sha256 ON file_hashes (sha256);
CREATE TABLE image_verdicts (  -- what decoding an image told, by the digest of its bytes; NULL is acceptance
    sha256   TEXT PRIMARY KEY,
    refused  TEXT
) WITHOUT ROWID;
CREATE TABLE imported_rows (  -- rows of old databases that Stage 1 has taken, and what became of each
    source      TEXT NOT NULL,
    row         INTEGER NOT NULL,
    sha256      TEXT,
    pending_id  INTEGER,
    PRIMARY KEY (source, row)
) WITHOUT ROWID;
CREATE INDEX imported_rows_pending ON imported_rows (pending_id);
CREATE TABLE imported_images (
    source  TEXT NOT NULL,
    row     INTEGER NOT NULL,
    name    TEXT NOT NULL,
    PRIMARY KEY (source, row, name)
) WITHOUT ROWID;
"""

_JOURNAL = """
CREATE TABLE journal (
    n           INTEGER PRIMARY KEY AUTOINCREMENT,
    op          TEXT NOT NULL UNIQUE,
    kind        TEXT NOT NULL,
    action      TEXT,
    pending_id  INTEGER,
    sha256      TEXT,
    moves       TEXT NOT NULL,
    before      TEXT,
    after       TEXT,
    undone_by   INTEGER REFERENCES journal (n),
    open        INTEGER NOT NULL,
    at          INTEGER NOT NULL,
    lost        TEXT
);
CREATE UNIQUE INDEX journal_one_open ON journal (open) WHERE open = 1;
CREATE TABLE pulse (id INTEGER PRIMARY KEY CHECK (id = 1), beats INTEGER NOT NULL);
INSERT INTO pulse VALUES (1, 0);
"""

_SCANS = """
CREATE TABLE scan_roots (  -- model folders, and lists of them, that scans walk
    path      TEXT PRIMARY KEY,  -- a BLOB where a path is not UTF-8, here and below
    added_at  INTEGER NOT NULL  -- ms since 1970
) WITHOUT ROWID;
CREATE TABLE scanned_folders (
    path   TEXT PRIMARY KEY,
    root   TEXT NOT NULL,
    stamp  TEXT NOT NULL,  -- of names, sizes and times when all in it was taken; '' where it is to be read again
    files  INTEGER NOT NULL  -- model files in it then
) WITHOUT ROWID;
CREATE TABLE scanned_files (  -- model files that scans have read, and what their headers told
    id          INTEGER PRIMARY KEY,
    path        TEXT NOT NULL UNIQUE,
    folder      TEXT NOT NULL,
    stamp       TEXT NOT NULL,  -- of the file; '' where it is to be read again
    content     TEXT NOT NULL,  -- the part of the stamp that a renamed file keeps
    beside      TEXT NOT NULL,  -- digest of names and stamps of the files that belong to it
    base_model  TEXT,  -- told from its tensors
    kind        TEXT,
    reason      TEXT,
    header      BLOB,  -- its metadata as it stands there, compressed JSON
    whole       INTEGER,  -- bytes that the file must have by its header, NULL where that does not tell
    unreadable  TEXT  -- why its header cannot be read
);
CREATE INDEX scanned_files_folder ON scanned_files (folder);
CREATE INDEX scanned_files_content ON scanned_files (content);
CREATE TABLE statements (  -- every value that was found, with who states it
    file_id  INTEGER NOT NULL REFERENCES scanned_files (id) ON DELETE CASCADE,
    n        INTEGER NOT NULL,
    field    TEXT NOT NULL,
    source   TEXT NOT NULL,
    tier     INTEGER NOT NULL,
    file     TEXT NOT NULL,
    value    TEXT NOT NULL,  -- JSON
    PRIMARY KEY (file_id, n)
) WITHOUT ROWID;
CREATE TABLE claims (  -- hashes and sizes that files state about a model file
    file_id  INTEGER NOT NULL REFERENCES scanned_files (id) ON DELETE CASCADE,
    n        INTEGER NOT NULL,
    kind     TEXT NOT NULL,
    value    TEXT NOT NULL,
    source   TEXT NOT NULL,
    file     TEXT NOT NULL,
    PRIMARY KEY (file_id, n)
) WITHOUT ROWID;
CREATE TABLE scanned_pictures (  -- pictures that were taken for a file, by the digest of their bytes
    file_id  INTEGER NOT NULL REFERENCES scanned_files (id) ON DELETE CASCADE,
    sha256   TEXT NOT NULL,
    PRIMARY KEY (file_id, sha256)
) WITHOUT ROWID;
CREATE TABLE body_hashes (  -- of what lies behind the header of a safetensors file, as in file_hashes
    path    TEXT PRIMARY KEY,
    stamp   TEXT NOT NULL,
    sha256  TEXT NOT NULL
) WITHOUT ROWID;
CREATE INDEX body_hashes_sha256 ON body_hashes (sha256);
CREATE TABLE other_paths (  -- links to model files and folders
    path   TEXT PRIMARY KEY,
    leads  TEXT NOT NULL
) WITHOUT ROWID;
CREATE INDEX locations_path ON locations (path);
CREATE INDEX other_paths_leads ON other_paths (leads);
CREATE TABLE scan_problems (
    about   TEXT NOT NULL,  -- the model file or folder whose reading found it
    path    TEXT NOT NULL,
    reason  TEXT NOT NULL,
    folder  TEXT NOT NULL,
    PRIMARY KEY (about, path, reason)
) WITHOUT ROWID;
"""

_GENERATIONS = """
CREATE TABLE image_generations (  -- what images were made with, as their files say, by the digest of their bytes
    sha256  TEXT PRIMARY KEY,
    said    TEXT NOT NULL  -- JSON
) WITHOUT ROWID;
"""

_SAME_WEIGHTS = """
CREATE TABLE aliases (  -- files with the same weights as a model under another header, which were merged into it
    sha256  TEXT PRIMARY KEY CHECK (length(sha256) = 64 AND sha256 NOT GLOB '*[^0-9a-f]*'),  -- of the file
    model   TEXT NOT NULL REFERENCES models (sha256) ON DELETE CASCADE
) WITHOUT ROWID;
CREATE INDEX aliases_model ON aliases (model);
CREATE TABLE bodies (
    file    TEXT PRIMARY KEY,  -- SHA-256 of the whole file: what is known of it stays true wherever it lies
    sha256  TEXT NOT NULL
) WITHOUT ROWID;
INSERT OR IGNORE INTO bodies SELECT h.sha256, b.sha256 FROM body_hashes b
    JOIN file_hashes h ON h.path = b.path AND h.stamp = b.stamp;
DROP TABLE body_hashes;
ALTER TABLE bodies RENAME TO body_hashes;
CREATE INDEX body_hashes_sha256 ON body_hashes (sha256);
"""


@migrations(name="1_library_queue_journal")
def _first(db: Database) -> None:
    for script in (_LIBRARY, _MEMORY, _JOURNAL):
        db.executescript(script)


@migrations(name="2_picks")
def _picks(db: Database) -> None:
    # The manual choices of a decision: {"fields": [[[key, …], side], …], "tags": […], "images": […]}.
    db.execute("ALTER TABLE pending_import ADD COLUMN picks TEXT")


@migrations(name="3_scans")
def _scans(db: Database) -> None:
    db.executescript(_SCANS)


@migrations(name="4_generations_stacks")
def _generations(db: Database) -> None:
    db.executescript(_GENERATIONS)
    # A digest of names and shapes of a file's tensors; NULL where no scan has read them since.
    db.execute("ALTER TABLE scanned_files ADD COLUMN tensors TEXT")


@migrations(name="5_blake3")
def _blake3(db: Database) -> None:
    db.execute("ALTER TABLE file_hashes ADD COLUMN blake3 TEXT")  # NULL where it was not computed


@migrations(name="6_same_weights")
def _same_weights(db: Database) -> None:
    db.executescript(_SAME_WEIGHTS)


@migrations(name="7_pictures_beside")
def _pictures_beside(db: Database) -> None:
    # The path of the model file beside which the picture was found; NULL if it was elsewhere, or that is not known.
    db.execute("ALTER TABLE scanned_pictures ADD COLUMN beside TEXT")
