"""The first part of a scan: walk all roots, and tell which folders hold what an earlier scan did not see."""

from __future__ import annotations

import os
import stat
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from tempfile import TemporaryDirectory

from core.domain.scans import ScanProblem
from core.errors import SourceError
from core.importing import comfyui
from core.importing.scan import extra_paths
from core.importing.scan.walk import Folder, OtherPath, PassedOver, Walk
from core.storage.scan_folders import StoredFolder
from core.text import sanitize


@dataclass(slots=True)
class Survey:
    """What a walk found: folders to be read, folders that are as they were, links, problems, and roots not there."""

    changed: list[Folder] = field(default_factory=list)
    unchanged: list[Folder] = field(default_factory=list)
    others: list[OtherPath] = field(default_factory=list)
    problems: list[ScanProblem] = field(default_factory=list)
    offline: list[str] = field(default_factory=list)
    walked: list[str] = field(default_factory=list)

    @property
    def files(self) -> int:
        """How many files are models by their names."""
        return sum(folder.models for folder in (*self.changed, *self.unchanged))


def root_of(path: str | os.PathLike[str]) -> str:
    """Return the absolute path of a root. Raises SourceError for an empty one, which would be the current folder."""
    if not os.fspath(path):
        raise SourceError("an empty path is no folder; give a folder of models")
    return os.path.abspath(path)


def is_database(path: str) -> bool:
    """Return whether a root is to be a database of ComfyUI's: it says something of models, and holds none."""
    return path.lower().endswith(comfyui.SUFFIXES) and not os.path.isdir(path)


def needs_folders(path: str) -> SourceError:
    """Return the error of a scan that would have nothing but a database to read."""
    return SourceError(f"{sanitize(path)} holds no models; give the folders of models too")


def check_root(path: str) -> None:
    """Raise SourceError if a root cannot be scanned: no folder, ``extra_model_paths.yaml`` or database of ComfyUI's."""
    try:
        status = os.stat(path)
    except OSError as error:
        raise SourceError(f"{sanitize(path)} cannot be scanned ({error.strerror}); give a folder of models") from error
    except ValueError:
        raise SourceError(f"{sanitize(path)} is no path; give a folder of models") from None
    if is_database(path):
        with TemporaryDirectory(prefix="model-curator-") as scratch:
            comfyui.ComfyUIDatabase(os.path.realpath(path), Path(scratch)).close()
    elif not stat.S_ISDIR(status.st_mode):
        if not path.lower().endswith((".yaml", ".yml")):
            raise SourceError(f"{sanitize(path)} is not a folder; give a folder of models or extra_model_paths.yaml")
        extra_paths.read(Path(path))


def check_examples(path: str | os.PathLike[str]) -> None:
    """Raise SourceError if this cannot be Lora-Manager's folder of example images."""
    if not os.path.isdir(path):
        raise SourceError(f"{sanitize(path)} is not a folder; give Lora-Manager's folder of example images")


def survey(walk: Walk, roots: Sequence[str], stored: Mapping[str, StoredFolder], again: Collection[str] = ()) -> Survey:
    """Walk the roots and compare each folder with how it was ``stored``; those to read ``again`` count as changed.

    Raises Cancelled.
    """
    compared = {path: folder for path, folder in stored.items() if path not in again}
    found = Survey()
    for root in roots:
        try:
            folders = list(_folders(root, found.problems))
        except SourceError as error:
            found.problems.append(ScanProblem(root, str(error)))
            found.offline.append(root)
            continue
        for folder, kind in folders:
            if not _walk(walk, folder, kind, stored, compared, found) and root not in found.offline:
                found.offline.append(root)
    return found


def _folders(root: str, problems: list[ScanProblem]) -> Iterator[tuple[str, str | None]]:
    """Yield the folders that a root stands for, each with its type where that is said."""
    if os.path.isdir(root) or not root.lower().endswith((".yaml", ".yml")):
        yield root, None
        return
    for extra in extra_paths.read(Path(root)):
        if os.path.isdir(extra.path):
            yield str(extra.path), extra.type
        else:
            problems.append(ScanProblem(root, f"it names {sanitize(extra.path)}, which is no folder"))


def _walk(
    walk: Walk,
    root: str,
    kind: str | None,
    stored: Mapping[str, StoredFolder],
    compared: Mapping[str, StoredFolder],
    found: Survey,
) -> bool:
    """Walk one folder of a root; return False if it is offline: unreadable, or empty where it was not."""
    again = os.path.realpath(root) in walk.folders
    part = Survey()
    try:
        for one in walk.root(root, kind):
            match one:
                case Folder(path=path, stamp=stamp):
                    same = path in compared and compared[path].stamp == stamp
                    (part.unchanged if same else part.changed).append(one)
                case OtherPath():
                    part.others.append(one)
                case PassedOver(path=path, reason=reason):
                    part.problems.append(ScanProblem(path, reason))
    except OSError:
        return False
    whole = os.path.abspath(root)
    had = any(folder.root == whole and folder.files for folder in stored.values())
    if had and not again and not part.files:
        return False
    found.walked.append(whole)
    for name in ("changed", "unchanged", "others", "problems"):
        getattr(found, name).extend(getattr(part, name))
    return True
