"""The whole state of a library as comparable text, and checks of a library after a crash."""

from __future__ import annotations

import json
import os
import re
import sqlite3
from collections.abc import Sequence
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

from core import Library
from core.domain.enums import Tier
from core.domain.layout import FOLDERS
from core.errors import CuratorError
from core.storage import models
from core.verify import check_library
from core.verify.findings import FindingCode
from tests.support.builders import CACHES, digest, files, tables

# What a scan looked at, without records: it is written apart from them, and read again if it was not.
_LOOKED_AT = ("scan_roots", "scanned_folders", "scan_problems", "other_paths")
_OP = re.compile(r"\b[0-9a-f]{32}\b")


class InvariantViolation(Exception):
    """Raised when a proof fails; the message says how."""


@dataclass(frozen=True, slots=True)
class State:
    """Rows, files and journal of a library; operation names are replaced by numbers, times are left out."""

    rows: str
    files: str
    journal: str

    def kept(self) -> tuple[str, dict[str, str]]:
        """Return the rows, and the files outside the trash."""
        found: dict[str, str] = json.loads(self.files)
        return self.rows, {name: data for name, data in found.items() if not name.startswith("trash/")}

    def differs(self, other: State) -> str:
        """Describe briefly where two states differ."""
        for name in ("rows", "files", "journal"):
            mine, theirs = (json.loads(getattr(state, name)) for state in (self, other))
            if mine != theirs:
                keys = [k for k in sorted({*mine, *theirs}) if mine.get(k) != theirs.get(k)]
                return f"{name}: {[(k, mine.get(k), theirs.get(k)) for k in keys[:3]]}"[:700]
        return "nothing"


def state_of(root: Path) -> State:
    """Return the state of a closed library."""
    # sqlite_sequence and the pulse count attempts; the caches hold no records.
    rows = tables(root / "library.db", without=(*CACHES, *_LOOKED_AT, "pulse", "journal", "sqlite_sequence"))
    with closing(sqlite3.connect(root / "library.db")) as db:
        cursor = db.execute("SELECT * FROM journal ORDER BY n")
        names = [column[0] for column in cursor.description]
        entries = [dict(zip(names, row, strict=True)) for row in cursor]
    ops = {entry["op"]: f"op{number}" for number, entry in enumerate(entries, 1)}
    for entry in entries:
        del entry["at"], entry["n"]
    journal = {str(number): entry for number, entry in enumerate(entries, 1)}
    there = files(root)
    for top in FOLDERS:
        if (root / top).is_symlink():
            there |= {f"{top}/{name}": data for name, data in files(root / top).items()}
            del there[top]
    found = {name: data for name, data in there.items() if data != "folder" or name.startswith("staging/")}

    def text(value: object) -> str:
        whole = _OP.sub(lambda match: ops.get(match[0], match[0]), json.dumps(value, default=repr))
        return json.dumps(json.loads(whole), sort_keys=True)  # operation names are random, and so is their order

    return State(text(rows), text(found), text(journal))


def look(root: Path) -> None:
    """Read the library as a reader does before recovery; every image with a row must be readable."""
    try:
        with Library.open(root, readonly=True) as library:
            found = [sha256 for (sha256,) in library.store.db.execute("SELECT sha256 FROM models").fetchall()]
            for sha256 in found:
                images = models.images(library.store.db, sha256)
                if library.image_scanner.sequence(sha256) != [image.seq for image in images]:
                    raise InvariantViolation(f"a reader sees {library.image_scanner.sequence(sha256)} for {images}")
                for image in images:
                    for tier in Tier:
                        with library.image_scanner.open_image(f"{sha256}_{image.seq}", tier) as file:
                            if digest(file.read()) != image.digests[tier]:
                                raise InvariantViolation(f"a reader gets another image {image.seq} {tier}")
    except CuratorError as error:
        raise InvariantViolation(f"a reader cannot read: {error}") from error


def recovered(root: Path) -> State:
    """Open the library as the next process would, verify it, and return its state. Raises InvariantViolation."""
    try:
        with Library.open(root) as library:
            if library.warning:
                raise InvariantViolation(f"opening warns: {library.warning}")
        with Library.open(root, readonly=True) as library:
            found = check_library(library).findings
    except CuratorError as error:
        raise InvariantViolation(f"it cannot be opened again: {error}") from error
    # A model file that was moved lies outside the library; the scenes of scans have one.
    findings = [finding for finding in found if finding.code is not FindingCode.MODEL_FILE_MISSING]
    if findings:
        raise InvariantViolation(f"verify finds {[f'{f.code}: {f.path or f.key}: {f.detail}' for f in findings[:3]]}")
    if os.listdir(root / "staging"):
        raise InvariantViolation("staging was not swept")
    return state_of(root)


def one_of(state: State, allowed: Sequence[State]) -> int:
    """Return the index of the allowed state that it is. Raises InvariantViolation if it is none."""
    for number, other in enumerate(allowed):
        if state == other:
            return number
    raise InvariantViolation(f"a mixture; to the last allowed state differs {state.differs(allowed[-1])}")
