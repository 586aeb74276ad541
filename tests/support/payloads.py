"""A library whose database a stranger has changed: kinds of damage, and the import and model that they affect."""

from __future__ import annotations

import functools
import os
import sqlite3
import tempfile
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from sqlite_utils import Database

from core import Library
from core.domain.generation import Generation, GenerationTool
from core.domain.scans import ScanProblem
from core.domain.statements import (
    Claim,
    ClaimKind,
    Source,
    SourcedClaim,
    SourcedStatement,
    SourceTier,
    Statement,
)
from core.domain.structure import Kind as ModelKind
from core.domain.structure import Structure
from core.storage import generations, scan_folders, scan_problems, scanned_pictures, scans
from core.storage.scan_folders import StoredFolder
from core.storage.scans import FileRow
from core.verify.findings import FindingCode
from tests.support.builders import add_pending, digest, model_file, png

SHA = digest(b"weights")
OTHER = digest(b"other weights")
BAD, GOOD = 2, 3  # ids of the pending imports
PASSWD = "../../etc/passwd"
DEEP = '{"a":' + "[" * 1000 + "]" * 1000 + "}"
LONG = '{"a":' + "7" * 5000 + "}"
NOPE = '{"fields":[[["name"],"nope"]],"tags":[],"images":[]}'


@functools.cache
def template() -> Path:
    """Build a library with two models and two pending imports, all hashed; one of each is there to be damaged."""
    folder = Path(tempfile.mkdtemp(prefix="curator-hostile-"))
    with Library.open(folder / "library") as library:
        path, other = model_file(folder, "m", b"weights"), model_file(folder, "o", b"other weights")
        for place, tag, seeds in ((path, "ink", (0, 1)), (other, "oil", (7,))):
            number = add_pending(library, place, meta={"k": 1}, tag_names=[tag], images=[png(seed) for seed in seeds])
            library.processor.process_single_import(number, "merge")
            if number == 1:
                assert add_pending(library, path, name="bad", meta={"a": 1}, tag_names=["wash"], images=[png(2)]) == BAD
                good = add_pending(
                    library, folder / "g", name="good", meta={"b": 1}, tag_names=["ink"], images=[png(3)]
                )
                assert good == GOOD
        model_file(folder, "g", b"good weights")
        for number in (BAD, GOOD):
            library.processor.dry_run(number, "merge")
        library.queue.decide([GOOD], None)
        with library.store.write() as db:
            db.execute("INSERT INTO imported_rows VALUES ('/old.db', 1, NULL, ?)", [BAD])
            db.execute("INSERT INTO imported_images VALUES ('/old.db', 1, 'x.png')")
            generations.put(db, digest(png(2)), Generation(GenerationTool.A1111, "ink", seed=1))
            db.execute("INSERT INTO aliases VALUES (?, ?)", ["12" * 32, SHA])
            _add_scan(db, str(path))
    return folder


def _add_scan(db: Database, path: str) -> None:
    """Add what a scan would know of the model file at a path."""
    facts = FileRow(
        path, os.path.dirname(path), "s", "c", "b", Structure("SDXL", ModelKind.LORA, "its tensors"), b"x", 7
    )
    said = SourcedStatement(Statement("title", "Ink", Source.TEXT, SourceTier.USER), "/m/x.txt")
    claim = SourcedClaim(Claim(ClaimKind.SHA256, "ab" * 32), Source.CHECKSUM, "/m/x.sha256")
    file_id = scans.put_file(db, facts)
    scans.put_said(db, file_id, [said], [claim])
    scanned_pictures.add(db, file_id, ["cd" * 32])
    scanned_pictures.set_beside(db, file_id, path, ["cd" * 32])
    scans.add_other_path(db, "/link", path)
    scan_problems.put_problems(db, path, os.path.dirname(path), [ScanProblem("/m/x", "not JSON")])
    scan_folders.remember_roots(db, ["/m"])
    scan_folders.put_folder(db, "/m", StoredFolder("/m", "s", 1))
    [sha256] = db.execute("SELECT sha256 FROM file_hashes WHERE path = ?", [path]).fetchone()
    db.execute("INSERT INTO body_hashes VALUES (?, ?)", [sha256, "ef" * 32])


def damage(root: Path, sql: str, values: tuple[Any, ...] = ()) -> None:
    """Change the database as a stranger can, without regard to its constraints."""
    with closing(sqlite3.connect(root / "library.db", isolation_level=None)) as connection:
        connection.execute("PRAGMA ignore_check_constraints=ON")
        assert connection.execute(sql, values).rowcount != 0


@dataclass(frozen=True)
class Kind:
    """One kind of damage: table, column and SQL value, the finding it causes, and whose row becomes unreadable."""

    table: str
    column: str
    value: str
    code: FindingCode = FindingCode.ROW_UNSAFE
    hits: str = "pending"
    where: str = ""

    @property
    def sql(self) -> str:
        return f"UPDATE {self.table} SET {self.column} = {self.value} WHERE {self.where or f'id = {BAD}'}"


def _of_bad(column: str, value: str, code: FindingCode = FindingCode.ROW_UNSAFE) -> Kind:
    return Kind("pending_import", column, value, code)


def _of_image(column: str, value: str, code: FindingCode = FindingCode.ROW_UNSAFE) -> Kind:
    return Kind("pending_images", column, value, code, where=f"pending_id = {BAD}")


def _of_model(table: str, column: str, value: str, code: FindingCode = FindingCode.ROW_UNSAFE, more: str = "") -> Kind:
    return Kind(table, column, value, code, "model", f"sha256 = '{SHA}'{more}")


def _else(table: str, column: str, value: str, where: str) -> Kind:
    return Kind(table, column, value, FindingCode.ROW_UNSAFE, "nothing", where)


KINDS = {
    "a list for metadata": _of_bad("meta_json", "'[]'", FindingCode.BAD_JSON),
    "metadata 1,000 levels deep": _of_bad("meta_json", f"'{DEEP}'", FindingCode.BAD_JSON),
    "a number of 5,000 digits": _of_bad("meta_json", f"'{LONG}'", FindingCode.BAD_JSON),
    "a lone surrogate": _of_bad("meta_json", r"""'{"a":"\ud800"}'""", FindingCode.BAD_JSON),
    "NaN": _of_bad("meta_json", """'{"a":NaN}'""", FindingCode.BAD_JSON),
    "a key twice": _of_bad("meta_json", """'{"a":1,"a":2}'""", FindingCode.BAD_JSON),
    "metadata as bytes": _of_bad("meta_json", "x'7b7d'", FindingCode.BAD_JSON),
    "metadata that is no UTF-8": _of_bad("meta_json", "CAST(x'7b22ff223a317d' AS TEXT)", FindingCode.BAD_JSON),
    "a decision nobody knows": _of_bad("decision", "'explode'"),
    "a decision as bytes": _of_bad("decision", "x'6d65726765'"),
    "a side that is none": _of_bad("picks", f"'{NOPE}'", FindingCode.BAD_JSON),
    "picks that are a list": _of_bad("picks", "'[]'", FindingCode.BAD_JSON),
    "picks of numbers": _of_bad("picks", """'{"fields":[],"tags":[1],"images":[]}'""", FindingCode.BAD_JSON),
    "deep picks": _of_bad("picks", f"'{DEEP}'", FindingCode.BAD_JSON),
    "a name as bytes": _of_bad("name", "x'6e616d65'"),
    "a name that is no UTF-8": _of_bad("name", "CAST(x'ff41' AS TEXT)"),
    "a type as bytes": _of_bad("type", "x'00ff'"),
    "a size below nothing": _of_bad("size_bytes", "-1"),
    "a size in words": _of_bad("size_bytes", "'much'"),
    "half a byte": _of_bad("size_bytes", "1.5"),
    "an endless size": _of_bad("size_bytes", "9e999"),
    "a date in words": _of_bad("created_at", "'yesterday'"),
    "a path as bytes for no reason": _of_bad("path", "x'2f6d2f61'"),
    "a path that is neither text nor bytes": _of_bad("path", "CAST(x'2fff' AS TEXT)"),
    "a claim that is a path": _of_bad("claimed_sha256", f"'{PASSWD}'"),
    "an image numbered -1": _of_image("n", "-1"),
    "an image numbered in words": _of_image("n", "'first'"),
    "an image numbered 2^63-1": _of_image("n", "9223372036854775807"),
    "an image's name as bytes": _of_image("file", "x'322e706e67'"),
    "an image's hash that is a path": _of_image("sha256", f"'{PASSWD}'", FindingCode.BAD_SHA256),
    "a sequence number of -1": _of_model("model_images", "seq", "-1", more=" AND seq = 1"),
    "a sequence number in words": _of_model("model_images", "seq", "'last'", more=" AND seq = 1"),
    "a sequence number of 2^63-1": _of_model("model_images", "seq", "9223372036854775807", more=" AND seq = 1"),
    "a tier's digest that is a path": _of_model("model_images", "high", f"'{PASSWD}'"),
    "a source's digest that is a path": _of_model(
        "model_images", "source_sha256", f"'{PASSWD}'", FindingCode.BAD_SHA256
    ),
    "a model's metadata a text": _of_model("models", "meta_json", "'\"x\"'", FindingCode.BAD_JSON),
    "a model's name as bytes": _of_model("models", "name", "x'ff'"),
    "a model's size in words": _of_model("models", "size_bytes", "'much'"),
    "a model's path that is no UTF-8": _of_model("models", "path", "CAST(x'2fff' AS TEXT)"),
    "a location as bytes for no reason": _else("locations", "path", "x'2f61'", f"sha256 = '{SHA}'"),
    "a known hash that is a path": _else("file_hashes", "sha256", f"'{PASSWD}'", "path LIKE '%/m'"),
    "a known hash as bytes": _else("file_hashes", "sha256", "x'ff'", "path LIKE '%/m'"),
    "a stamp as bytes": _else("file_hashes", "stamp", "x'ff'", "path LIKE '%/m'"),
    "a verdict as bytes": _else("image_verdicts", "refused", "x'ff'", "1"),
    "a verdict on what is no hash": _else("image_verdicts", "sha256", f"'{PASSWD}'", f"sha256 = '{digest(png(2))}'"),
    "what an image was made with as bytes": _else("image_generations", "said", "x'ff'", "1"),
    "what an image was made with by no tool": _else("image_generations", "said", '\'{"tool":"x"}\'', "1"),
    "what an image was made with, of no image": _else("image_generations", "sha256", f"'{PASSWD}'", "1"),
    "a tag as bytes": _else("tags", "name", "x'ff'", "name = 'wash'"),
    "a tag that is no UTF-8": _else("tags", "name", "CAST(x'ff' AS TEXT)", "name = 'wash'"),
    "a tag's date in words": _else("tags", "created_at", "'never'", "name = 'wash'"),
    "a row of an import in words": _else("imported_rows", "pending_id", "'x'", "1"),
    "an image of an import as bytes": _else("imported_images", "name", "x'ff'", "1"),
}
