"""Take back what one batch of a scan did to what scans know, and to records that were there before.

Its journal entry holds the rows as they were. The next scan reads those files again.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from sqlite_utils import Database

from core.storage import record_rows
from core.storage.codecs import is_storable, path_to_db
from core.storage.fetch import one_row
from core.storage.import_batches import Batch
from core.storage.record_rows import Rows
from core.storage.scans import TABLES

_FILES = "scanned_files"
_READ_AGAIN = ("stamp", "beside")


def take_back(db: Database, batch: Batch, before: Rows) -> None:
    """Restore the records that the batch changed, and what was known about its files.

    Raises ValueError if the entry is malformed.
    """
    rows = {table: _checked(db, table, before.get(table, ())) for table in (_FILES, *TABLES)}
    for i in batch.changed_imports:
        decided = one_row(db, "SELECT decision, picks FROM pending_import WHERE id = ? AND decision IS NOT NULL", [i])
        record_rows.restore(db, i, None, record_rows.of_record(before, i, None))
        if decided is not None:  # since the batch, or left by it as it was
            db.execute("UPDATE pending_import SET decision = ?, picks = ? WHERE id = ?", [*decided, i])
    for sha256 in batch.changed_models:
        record_rows.restore(db, None, sha256, record_rows.of_record(before, None, sha256))
    for path in batch.added.scanned:
        key = [path_to_db(path)]
        db.execute(
            "UPDATE scanned_folders SET stamp = '' WHERE path = (SELECT folder FROM scanned_files WHERE path = ?)", key
        )
        db.execute("DELETE FROM scan_problems WHERE about = ?", key)
        db.execute("DELETE FROM scanned_files WHERE path = ?", key)
    new_ids = {row["id"]: _insert(db, _FILES, {**row, **dict.fromkeys(_READ_AGAIN, "")}, "id") for row in rows[_FILES]}
    for table in TABLES:
        for row in rows[table]:
            if row["file_id"] in new_ids:
                _insert(db, table, {**row, "file_id": new_ids[row["file_id"]]})


def _checked(db: Database, table: str, rows: Any) -> Sequence[Mapping[str, Any]]:
    names = {column.name for column in db[table].columns}
    needed = {"id"} if table == _FILES else {"file_id"}
    for row in rows:
        if not isinstance(row, dict) or not needed <= row.keys() <= names or not all(map(is_storable, row.values())):
            raise ValueError(f"what is no row of {table}")
    return list(rows)


def _insert(db: Database, table: str, row: Mapping[str, Any], without: str = "") -> int:
    values = {
        name: path_to_db(value) if isinstance(value, str) else value for name, value in row.items() if name != without
    }
    marks = ", ".join("?" * len(values))
    sql = f"INSERT OR REPLACE INTO {table} ({', '.join(values)}) VALUES ({marks})"
    return int(db.execute(sql, [*values.values()]).lastrowid or 0)
