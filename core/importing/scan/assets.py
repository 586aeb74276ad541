"""What ComfyUI's databases say of the model files that a scan reads.

A record counts for the file at its path while size and time of modification are those it names.
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from hashlib import blake2b
from pathlib import Path
from tempfile import TemporaryDirectory

from sqlite_utils import Database

from core.domain.scans import ScanProblem
from core.domain.statements import Sidecar, Source
from core.errors import SourceError
from core.importing.comfyui import AssetRow, ComfyUIDatabase, read_asset
from core.importing.scan.listing import ModelFile
from core.importing.sidecars.builder import About
from core.importing.sidecars.reading import ReadSidecar
from core.storage import scans
from core.storage.scans import StoredFile

BACKUP = ".bkp"  # what ComfyUI's own copy, made before a migration, is called behind the database's name
_STAMP_BYTES = 16


@dataclass(frozen=True, slots=True)
class Told:
    """What databases say of one model file; ``stamp`` is a digest of it, '' where they say nothing."""

    sidecars: tuple[ReadSidecar, ...] = ()
    previews: tuple[str, ...] = ()
    stamp: str = ""


NOTHING_TOLD = Told()


@dataclass(slots=True)
class Assets:
    """The databases of one scan, and the folders with files that people wrote about there.

    A preview is read only from within ``roots``: a database may name any file.
    """

    databases: Sequence[ComfyUIDatabase] = ()
    roots: Sequence[str] = ()
    problems: list[ScanProblem] = field(default_factory=list)
    folders: set[str] = field(default_factory=set)
    unread: set[str] = field(default_factory=set)  # databases that could not be read this time

    def kept(self, db: Database, files: Mapping[str, StoredFile]) -> dict[str, list[ReadSidecar]]:
        """Return what databases that cannot be read now said of scanned files before, by path: it is not taken back."""
        found: dict[str, list[ReadSidecar]] = {}
        for path, file in files.items() if self.unread else ():
            said, claims = scans.statements(db, file.id), scans.claims(db, file.id)
            for name in self.unread:
                of_name = tuple(one.statement for one in said if one.file == name)
                parts = of_name, tuple(one.claim for one in claims if one.file == name)
                found.setdefault(path, []).append(ReadSidecar(name, Sidecar(*parts, source=Source.COMFYUI)))
        return found

    def of(self, model: ModelFile, reached: str, kept: Sequence[ReadSidecar] = ()) -> Told:
        """Return what is said of a model, and what is ``kept``; ``reached`` is the path that led to its folder."""
        found, previews, lines = [*kept], [], []
        for database in self.databases:
            try:
                row = self._row(database, model, reached)
            except SourceError as error:  # damage that shows only here
                found.append(ReadSidecar(database.path, Sidecar(problems=(str(error),))))
                continue
            said = Sidecar() if row is None else read_asset(row, About(model.name))
            if row is None or not (said.statements or said.claims or said.problems or row.preview):
                continue
            found.append(ReadSidecar(database.path, said))
            shown = self._preview(row)
            previews += shown
            lines.append(repr((row, shown)))
        stamp = blake2b("\n".join(lines).encode(), digest_size=_STAMP_BYTES).hexdigest() if lines else ""
        return Told(tuple(found), tuple(dict.fromkeys(previews)), stamp)

    def _row(self, database: ComfyUIDatabase, model: ModelFile, reached: str) -> AssetRow | None:
        paths = dict.fromkeys((model.path, os.path.join(reached, model.name)))
        for row in (row for path in paths for row in database.rows_at(path)):
            if row.size == model.stamp.size and row.mtime_ns in (None, model.stamp.mtime_ns):
                return row
        return None

    def _preview(self, row: AssetRow) -> list[str]:
        real = os.path.realpath(row.preview) if row.preview and "\0" not in row.preview else ""
        inside = real and any(real.startswith(os.path.join(os.path.realpath(root), "")) for root in self.roots)
        return [real] if inside and os.path.isfile(real) else []


@contextmanager
def opened(databases: Sequence[str], roots: Sequence[str]) -> Iterator[Assets]:
    """Open databases, each with the copy that ComfyUI made of it; one that cannot be read is among the problems."""
    found: list[ComfyUIDatabase] = []
    assets = Assets(found, roots)
    with ExitStack() as stack:
        for path in databases:
            scratch = Path(stack.enter_context(TemporaryDirectory(prefix="model-curator-")))
            for part in (path, path + BACKUP) if os.path.exists(path + BACKUP) else (path,):
                try:
                    database = ComfyUIDatabase(os.path.realpath(part), scratch)
                    stack.callback(database.close)
                    assets.folders |= {os.path.realpath(folder) for folder in _folders(database)}
                    found.append(database)
                except SourceError as error:
                    assets.problems.append(ScanProblem(part, str(error)))
                    assets.unread.add(os.path.realpath(part))
        yield assets


def _folders(database: ComfyUIDatabase) -> set[str]:
    return {os.path.dirname(path) for path in database.told() if os.path.isabs(path) and "\0" not in path}
