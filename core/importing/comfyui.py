"""Read what ComfyUI's own database says about model files: ``user/comfyui.db``, and ``comfyui.db.bkp`` beside it.

There are two schemas (ComfyUI, app/assets/database/models.py). Until alembic 0006, a row of ``asset_references`` is a
file with its name, metadata and preview. From 0007 on, ``asset_contents`` are files and ``assets`` their records; that
migration drops what people had written, and leaves it in the ``.bkp`` alone. Neither knows a SHA-256.
"""

from __future__ import annotations

import re
import sqlite3
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from core.domain.statements import ClaimKind, Sidecar, Source, SourceTier
from core.errors import SourceError
from core.files.durable import remove_folder
from core.importing.legacy.private_copy import Wanted, connect, private_copy, wrap_sqlite_errors
from core.importing.legacy.tables import find_table, tables_of
from core.importing.sidecars.builder import MAX_BYTES, About, Builder
from core.importing.sidecars.values import mapping, text, words
from core.strict_json import parse_json
from core.text import sanitize

SUFFIXES = (".db", ".bkp", ".sqlite", ".sqlite3")
_WANTED = Wanted("ComfyUI's comfyui.db", "ComfyUI")
_ARN = re.compile(r"civitai:model:(\d+):version:(\d+)")
_MAPPED = (
    "name", "base_model", "trained_words", "additional_tags", "description", "user_description", "source_arn",
)  # fmt: skip
_ITS_OWN_TAG = re.compile(r"models|model_type:.*", re.DOTALL)


@dataclass(frozen=True, slots=True)
class AssetRow:
    """What a database says of a file: its size in bytes and its time, and what people and ComfyUI noted of it."""

    size: int
    mtime_ns: int | None
    hash: str
    name: str
    metadata: str
    tags: tuple[str, ...]
    preview: str


@dataclass(frozen=True, slots=True)
class _Schema:
    """The tables of a schema, and the SQL of: records of a path, paths that people wrote about, tags, a preview.

    ``indices`` are the columns by which rows are looked up: ComfyUI's own indices cover them in part.
    """

    tables: tuple[str, ...]
    indices: tuple[str, ...]
    records: str
    told: str
    tags: str
    preview: str


_REFERENCES = _Schema(
    ("assets", "asset_references", "asset_reference_tags"),
    ("asset_references (file_path)", "asset_references (asset_id)"),
    "SELECT r.id, a.size_bytes, r.mtime_ns, a.hash, r.name, r.user_metadata, r.preview_id FROM asset_references r "
    "JOIN assets a ON a.id = r.asset_id WHERE r.file_path = :key AND r.deleted_at IS NULL ORDER BY r.updated_at DESC",
    "SELECT file_path FROM asset_references WHERE file_path IS NOT NULL AND deleted_at IS NULL "
    "AND (coalesce(user_metadata, 'null') NOT IN ('null', '{}') OR preview_id IS NOT NULL "
    "OR substr(file_path, -length(name)) <> name "
    "OR id IN (SELECT asset_reference_id FROM asset_reference_tags WHERE origin = 'manual'))",
    "SELECT tag_name FROM asset_reference_tags WHERE asset_reference_id = :key AND origin = 'manual' ORDER BY added_at",
    # Older ones name the asset of the picture, newer ones its reference.
    "SELECT file_path FROM asset_references WHERE (id = :key OR asset_id = :key) AND file_path IS NOT NULL",
)
_CONTENTS = _Schema(
    ("assets", "asset_contents", "asset_tags"),
    ("asset_contents (path)", "assets (content_id)"),
    "SELECT a.id, c.size_bytes, c.mtime_ns, c.hash, a.name, a.user_metadata, a.preview_id FROM assets a "
    "JOIN asset_contents c ON c.id = a.content_id WHERE c.path = :key ORDER BY c.is_missing, a.updated_at DESC",
    "SELECT c.path FROM assets a JOIN asset_contents c ON c.id = a.content_id "
    "WHERE coalesce(user_metadata, 'null') NOT IN ('null', '{}') OR preview_id IS NOT NULL "
    "OR substr(path, -length(name)) <> name "
    "OR a.id IN (SELECT asset_id FROM asset_tags WHERE origin = 'manual')",
    "SELECT tag_name FROM asset_tags WHERE asset_id = :key AND origin = 'manual' ORDER BY added_at",
    "SELECT c.path FROM assets a JOIN asset_contents c ON c.id = a.content_id WHERE a.id = :key",
)


class ComfyUIDatabase:
    """One database, open for reading; used by the thread that opened it."""

    def __init__(self, path: str, scratch: Path) -> None:
        """Copy the database into ``scratch`` and open the copy. Raises SourceError if it is none of ComfyUI's."""
        self.path = path
        copy = private_copy(path, scratch, _WANTED)
        self._folder = copy.parent
        self._connection: sqlite3.Connection | None = None
        try:
            self._connection = connect(copy, path)
            with wrap_sqlite_errors(path, self._connection):
                self._schema = _schema_of(self._connection, path)
                for number, columns in enumerate(self._schema.indices):
                    self._connection.execute(f'CREATE INDEX "model curator {number}" ON {columns}')
            self._connection.set_progress_handler(None, 0)
            self._connection.setlimit(sqlite3.SQLITE_LIMIT_LENGTH, MAX_BYTES)
        except BaseException:
            self.close()
            raise

    def close(self) -> None:
        """Remove the private copy."""
        if self._connection is not None:
            self._connection.close()
        remove_folder(self._folder)

    def told(self) -> Iterator[str]:
        """Yield the paths of the files that people wrote something about. Raises SourceError."""
        for (path,) in self._rows(self._schema.told):
            yield _text(path)

    def rows_at(self, path: str) -> list[AssetRow]:
        """Return the records of the file at a path, the one that was edited last first. Raises SourceError."""
        try:
            path.encode()
        except UnicodeEncodeError:  # ComfyUI stores no such path
            return []
        return [self._row(*values) for values in self._rows(self._schema.records, path)]

    def _row(self, key: Any, size: Any, mtime_ns: Any, stated: Any, name: Any, metadata: Any, preview: Any) -> AssetRow:
        tags = tuple(_text(tag) for (tag,) in self._rows(self._schema.tags, _text(key)))
        shown = next(self._rows(self._schema.preview, _text(preview)), (None,)) if preview else (None,)
        return AssetRow(
            size if isinstance(size, int) else -1,
            mtime_ns if isinstance(mtime_ns, int) else None,
            _text(stated),
            _text(name),
            _text(metadata),
            tuple(tag for tag in tags if tag and not _ITS_OWN_TAG.fullmatch(tag)),
            _text(shown[0]),
        )

    def _rows(self, sql: str, key: str = "") -> Iterator[tuple[Any, ...]]:
        assert self._connection is not None
        with wrap_sqlite_errors(self.path, self._connection):
            yield from self._connection.execute(sql, {"key": key})


def _schema_of(connection: sqlite3.Connection, path: str) -> _Schema:
    """Return the schema of a database, whose tables are ordinary ones. Raises SourceError."""
    there = tables_of(connection)
    for schema in (_CONTENTS, _REFERENCES):
        if all(name.encode() in there for name in schema.tables):
            try:
                for name in schema.tables:
                    find_table(connection, name, ())
            except SourceError as error:
                raise SourceError(f"{sanitize(path)}: {error}; give ComfyUI's comfyui.db.") from None
            return schema
    raise SourceError(
        f"{sanitize(path)} is no database of ComfyUI's; give its comfyui.db, or import an old manager's database with "
        "import-legacy"
    )


def _text(value: Any) -> str:
    return value.decode("utf-8", "replace") if isinstance(value, bytes) else ""


def read_asset(row: AssetRow, about: About) -> Sidecar:
    """Return what a record says of the model file ``about``: what people wrote, and a hash that ComfyUI computed."""
    out = Builder(Source.COMFYUI, SourceTier.USER)
    try:
        noted = mapping(parse_json(row.metadata)) if row.metadata else {}
    except ValueError as error:
        noted = {}
        out.problems.append(f"its metadata of {sanitize(about.name)} is no JSON ({error}); it was left out")
    title = text(noted.get("name")) or row.name
    if title not in (about.name, about.stem):
        out.text("title", title)
    out.text("base_model", noted.get("base_model"))
    out.words("trained_words", noted.get("trained_words"))
    out.add("tags", list(dict.fromkeys([*row.tags, *words(noted.get("additional_tags"))])))
    out.prose("description", noted.get("description"))
    out.text("notes", noted.get("user_description"))
    page = _ARN.fullmatch(str(noted.get("source_arn")))
    if page:
        out.civitai_page(page[1], page[2])
    out.keep(noted, *_MAPPED)
    out.claim(ClaimKind.BLAKE3, row.hash.removeprefix("blake3:"))
    return out.done()
