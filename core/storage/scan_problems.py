"""What scans could not read, so that a scan that does not read it again can still tell."""

from __future__ import annotations

from collections.abc import Iterable

from sqlite_utils import Database

from core.domain.scans import ScanProblem
from core.storage.codecs import Row, path_from_db, path_or_empty, path_to_db, text
from core.storage.fetch import all_rows


def put_problems(db: Database, about: str, folder: str, problems: Iterable[ScanProblem]) -> None:
    """Replace what could not be read about a model file, or a folder."""
    db.execute("DELETE FROM scan_problems WHERE about = ?", [path_to_db(about)])
    db.conn.executemany(
        "INSERT OR IGNORE INTO scan_problems VALUES (?, ?, ?, ?)",
        [(path_to_db(about), path_to_db(one.path), one.reason, path_to_db(folder)) for one in problems],
    )


def problems_in(db: Database, folder: str) -> dict[str, list[ScanProblem]]:
    """Return what earlier scans could not read in a folder, by the model file, or the folder, that it is about."""
    select = "SELECT about, path, reason FROM scan_problems WHERE folder = ? ORDER BY about, path"
    found: dict[str, list[ScanProblem]] = {}
    for about, path, reason in all_rows(db, select, [path_to_db(folder)]):
        row = Row()
        problem = ScanProblem(row.take("path", path_from_db, path, ""), row.take("reason", text, reason, ""))
        if not row.damage:
            found.setdefault(path_or_empty(about), []).append(problem)
    return found


def folders_with_problems(db: Database) -> set[str]:
    """Return the folders in which earlier scans could not read something."""
    return {path_or_empty(path) for (path,) in all_rows(db, "SELECT DISTINCT folder FROM scan_problems")}
