"""What scans know of model files, and everything that is said about them."""

from __future__ import annotations

import errno
import json
import os
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sqlite_utils import Database

from core.domain.statements import Claim, ClaimKind, Source, SourcedClaim, SourcedStatement, SourceTier, Statement
from core.domain.structure import Kind, Structure
from core.storage.codecs import Row, is_sha256, natural, optional, path_from_db, path_or_empty, path_to_db, text
from core.storage.fetch import all_rows, one_row
from core.strict_json import parse_json

TABLES = ("statements", "claims", "scanned_pictures")
"""The tables whose rows belong to a row of ``scanned_files``."""


@dataclass(frozen=True, slots=True)
class StoredFile:
    """A model file as an earlier scan found it; its stamps are '' where it is to be read again."""

    id: int
    path: str
    stamp: str
    content: str
    beside: str


@dataclass(frozen=True, slots=True)
class FileRow:
    """A model file to be stored: its stamps, what its tensors show, and its header's metadata, compressed.

    ``whole`` is the size that the file must have by its header, ``unreadable`` why that cannot be read. ``tensors`` is
    a digest of the names and shapes of its tensors.
    """

    path: str
    folder: str
    stamp: str
    content: str
    beside: str
    structure: Structure | None
    header: bytes | None
    whole: int | None = None
    unreadable: str = ""
    tensors: str = ""


def files_in(db: Database, folder: str) -> dict[str, StoredFile]:
    """Return the model files that scans found in a folder, by path."""
    return {one.path: one for one in _files(db, "folder = ?", path_to_db(folder))}


def file_at(db: Database, path: str) -> StoredFile | None:
    """Return the model file that a scan found at a path."""
    return next(_files(db, "path = ?", path_to_db(path)), None)


def files_with_content(db: Database, content: str) -> list[StoredFile]:
    """Return the model files whose stamps say that they are one file."""
    return list(_files(db, "content = ? AND content <> ''", content))


def paths_with_hashes(db: Database, hashes: Sequence[str]) -> set[str]:
    """Return the scanned files that have one of these hashes, by computation or by what is claimed."""
    if not hashes:
        return set()
    found = all_rows(
        db,
        "WITH wanted AS (SELECT value FROM json_each(?)) "
        "SELECT path FROM scanned_files JOIN claims ON file_id = id WHERE claims.value IN wanted "
        "UNION SELECT f.path FROM scanned_files f JOIN file_hashes h ON h.path = f.path WHERE h.sha256 IN wanted",
        [json.dumps(hashes)],
    )
    return {path_or_empty(path) for (path,) in found}


def folders_told_by(db: Database, source: Source) -> set[str]:
    """Return the folders with files of which a source says something."""
    sql = "SELECT DISTINCT folder FROM scanned_files JOIN statements ON file_id = id WHERE source = ?"
    return {path_or_empty(folder) for (folder,) in all_rows(db, sql, [source])}


def counts_by_folder(db: Database) -> dict[str, int]:
    """Return how many model files are stored for each folder."""
    found = all_rows(db, "SELECT folder, count(*) FROM scanned_files GROUP BY folder")
    return {path_or_empty(folder): count for folder, count in found}


def _files(db: Database, where: str, value: str | bytes) -> Iterator[StoredFile]:
    select = f"SELECT id, path, stamp, content, beside FROM scanned_files WHERE {where} ORDER BY id"
    for number, path, *stamps in all_rows(db, select, [value]):
        row = Row()
        whole, content, beside = (row.take("stamp", text, stamp, "") for stamp in stamps)
        yield StoredFile(number, path_or_empty(path), whole, content, beside)


def put_file(db: Database, facts: FileRow, file_id: int | None = None) -> int:
    """Store a model file in place of the one with this id, or as a new one; return its id.

    What was said about it stays until ``put_said`` replaces it.
    """
    told = facts.structure
    values = [
        path_to_db(facts.path),
        path_to_db(facts.folder),
        facts.stamp,
        facts.content,
        facts.beside,
        told and told.base_model,
        told and told.kind,
        told and told.reason,
        facts.header,
        facts.whole,
        facts.unreadable or None,
        facts.tensors or None,
    ]
    columns = "path, folder, stamp, content, beside, base_model, kind, reason, header, whole, unreadable, tensors"
    if file_id is None:
        marks = ", ".join("?" * len(values))
        return int(db.execute(f"INSERT INTO scanned_files ({columns}) VALUES ({marks})", values).lastrowid or 0)
    changes = ", ".join(f"{column} = ?" for column in columns.split(", "))
    db.execute(f"UPDATE scanned_files SET {changes} WHERE id = ?", [*values, file_id])
    return file_id


def move_files(db: Database, paths: Mapping[int, str]) -> None:
    """Let what is known about files, by their ids, follow them to other paths, where the next scan reads them again."""
    for file_id in paths:  # they may take each other's places: no path of a file has a NUL
        db.execute("UPDATE scanned_files SET path = ? WHERE id = ?", [f"\0{file_id}", file_id])
    for file_id, path in paths.items():
        folder = path_to_db(os.path.dirname(path))
        values = [path_to_db(path), folder, file_id]
        db.execute("UPDATE scanned_files SET path = ?, folder = ?, stamp = '' WHERE id = ?", values)
        db.execute("UPDATE scanned_folders SET stamp = '' WHERE path = ?", [folder])


def remove_file(db: Database, file_id: int) -> None:
    """Forget a file and what is said about it."""
    db.execute("DELETE FROM scanned_files WHERE id = ?", [file_id])


def hash_of(db: Database, row: StoredFile) -> str | None:
    """Return the hash that was computed from a file as the scan found it, or None."""
    key = [path_to_db(row.path), row.stamp]
    found = one_row(db, "SELECT sha256 FROM file_hashes WHERE path = ? AND stamp = ?", key)
    return found[0] if found and is_sha256(found[0]) else None


def put_said(
    db: Database, file_id: int, statements: Sequence[SourcedStatement], claims: Sequence[SourcedClaim]
) -> None:
    """Replace everything that is said about a file."""
    for table in ("statements", "claims"):
        db.execute(f"DELETE FROM {table} WHERE file_id = ?", [file_id])
    db.conn.executemany(
        "INSERT INTO statements VALUES (?, ?, ?, ?, ?, ?, ?)",
        [
            (file_id, n, said.field, said.source, said.tier, path_to_db(one.file), _json(said.value))
            for n, one in enumerate(statements)
            for said in (one.statement,)
        ],
    )
    db.conn.executemany(
        "INSERT INTO claims VALUES (?, ?, ?, ?, ?, ?)",
        [
            (file_id, n, one.claim.kind, one.claim.value, one.source, path_to_db(one.file))
            for n, one in enumerate(claims)
        ],
    )


def _json(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"))


def statements(db: Database, file_id: int) -> list[SourcedStatement]:
    """Return what is said about a file; statements that another program wrote and cannot be read are skipped."""
    select = "SELECT field, source, tier, file, value FROM statements WHERE file_id = ? ORDER BY n"
    found = []
    for field, source, tier, file, value in all_rows(db, select, [file_id]):
        try:
            statement = Statement(text(field), parse_json(text(value)), Source(source), SourceTier(tier))
            found.append(SourcedStatement(statement, path_from_db(file)))
        except (ValueError, RecursionError):
            continue
    return found


def claims(db: Database, file_id: int) -> list[SourcedClaim]:
    """Return the claims about a file; those that cannot be read are skipped."""
    select = "SELECT kind, value, source, file FROM claims WHERE file_id = ? ORDER BY n"
    found = []
    for kind, value, source, file in all_rows(db, select, [file_id]):
        try:
            found.append(claim_of(kind, value, source, file))
        except ValueError:
            continue
    return found


def structure(db: Database, file_id: int) -> Structure | None:
    """Return what a file's tensors show, None if nothing."""
    row = one_row(db, "SELECT base_model, kind, reason FROM scanned_files WHERE id = ?", [file_id])
    if row is None or row[1] not in list(Kind):
        return None
    values = Row()
    base_model, reason = (values.take("structure", optional(text), value, None) for value in (row[0], row[2]))
    return Structure(base_model, Kind(row[1]), reason or "")


def size_by_header(db: Database, file_id: int) -> tuple[int | None, bool]:
    """Return the size that a file must have by its header, None if unknown, and whether the header is unreadable."""
    row = one_row(db, "SELECT whole, unreadable FROM scanned_files WHERE id = ?", [file_id])
    if row is None:
        return None, False
    return Row().take("whole", optional(natural), row[0], None), row[1] is not None


def claim_of(kind: Any, value: object, source: Any, file: object) -> SourcedClaim:
    """Return a stored claim. Raises ValueError if this program cannot have written it."""
    return SourcedClaim(Claim(ClaimKind(kind), text(value)), Source(source), path_from_db(file))


def add_other_path(db: Database, path: str, leads: str) -> None:
    """Remember a link to a model file or a folder."""
    db.execute("INSERT OR REPLACE INTO other_paths VALUES (?, ?)", [path_to_db(path), path_to_db(leads)])


def other_paths(db: Database, path: str) -> list[str]:
    """Return the other paths of a model file: links to it, and paths through links to folders above it, sorted."""
    above = [path]
    while (parent := above[-1].rpartition("/")[0]) and parent != above[-1]:
        above.append(parent)
    found = []
    for one in above:
        for (link,) in all_rows(db, "SELECT path FROM other_paths WHERE leads = ?", [path_to_db(one)]):
            found.append(path_or_empty(link) + path[len(one) :])
    return sorted(filter(None, found))


def missing_in(db: Database, folder: str) -> list[str]:
    """Return the files of a folder that are gone, and that a pending import or a model of the library still needs."""
    gone = [path for path in files_in(db, folder) if _is_gone(path)]
    return [path for path in gone if any(records_at(db, path))]


def _is_gone(path: str) -> bool:
    """Return whether there is no such file; one that cannot be looked at is not gone."""
    try:
        os.lstat(path)
    except OSError as error:
        return error.errno in (errno.ENOENT, errno.ENOTDIR)
    return False


def records_at(db: Database, path: str) -> tuple[list[int], list[str]]:
    """Return the pending imports, newest first, and the library's models whose file is at a path."""
    key = [path_to_db(path)]
    ids = [i for (i,) in all_rows(db, "SELECT id FROM pending_import WHERE path = ? ORDER BY id DESC", key)]
    return ids, [sha256 for (sha256,) in all_rows(db, "SELECT sha256 FROM locations WHERE path = ?", key)]


def snapshot(db: Database, file_id: int) -> Mapping[str, list[dict[str, Any]]]:
    """Return all rows of a file, as mappings by table; without the header, which is read again."""
    found: dict[str, list[dict[str, Any]]] = {}
    for table, key in (("scanned_files", "id"), *((table, "file_id") for table in TABLES)):
        cursor = db.execute(f"SELECT * FROM {table} WHERE {key} = ?", [file_id])
        names = [description[0] for description in cursor.description]
        found[table] = [
            {name: value for name, value in zip(names, row, strict=True) if name != "header"} for row in cursor
        ]
    return found
