"""Scenes for the proofs: small libraries, and the work done on each in its own process."""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, TypeVar
from unittest.mock import patch

import core.importing.importer
import core.library
from core import Library, Strategy
from core.domain.enums import Status
from core.domain.outcomes import Outcome
from core.errors import CuratorError
from core.hashing.hasher import hash_both
from core.pools import Pool
from core.storage.caches import HashCache
from tests.support.builders import OldRow, add_model, add_pending, digest, model_file, old_database, png
from tests.support.model_headers import with_header
from tests.torture.state import State, recovered
from tests.torture.trace import Work

STRATEGIES = (None, Strategy.MERGE, Strategy.OVERRIDE, Strategy.DELETE)
_WEIGHTS = b"weights"


@dataclass(frozen=True, slots=True)
class Case:
    """One case of a promotion: its strategy, the file that the library has, and the one that comes."""

    strategy: Strategy | None
    there: bytes = _WEIGHTS
    coming: bytes = _WEIGHTS


CASES = {
    "insert": Case(None, coming=b"other"),
    "merge": Case(Strategy.MERGE),
    "override": Case(Strategy.OVERRIDE),
    "delete": Case(Strategy.DELETE),
    "same weights": Case(
        Strategy.MERGE, with_header(b"{}") + _WEIGHTS, with_header(b'{"__metadata__": {}}') + _WEIGHTS
    ),
}
"""All cases by name, told apart by what the promotion writes."""
_T = TypeVar("_T")
Deed = Callable[[Library], str]  # something done with an open library; answers like ``told``


class InLine(Pool):
    """Does the work in the calling thread, because strace counts calls per thread."""

    def submit(self, fn: Callable[..., _T], /, *args: Any, **kwargs: Any) -> Future[_T]:
        """Call immediately."""
        future: Future[_T] = Future()
        try:
            result = fn(*args, **kwargs)
        except Exception as error:
            future.set_exception(error)
        else:
            future.set_result(result)
        return future


@contextmanager
def one_thread() -> Iterator[None]:
    """Within the block, libraries encode and hash in the calling thread."""
    with patch.object(core.library, "Pool", InLine):
        yield


@dataclass(frozen=True, slots=True)
class Scene:
    """A library to start from, one piece of work, and the states that may be found afterwards.

    ``allowed`` begins with the state before and ends with the state when the work is done. ``journals_again`` means
    that repeating the work writes new entries. ``disk`` is a folder on another file system that holds the images.
    """

    name: str
    start: Path
    work: Work
    allowed: tuple[State, ...]
    journals_again: bool = False
    disk: Path | None = None

    def done_again(self, state: State) -> bool:
        """Return whether a state is the one in which the work is done, even if it had to be done a second time."""
        last = self.allowed[-1]
        return (state.rows, state.files) == (last.rows, last.files) if self.journals_again else state == last

    def fresh(self, folder: Path) -> Path:
        """Return a fresh copy of the start library, always at the same path; the previous copy is removed."""
        root = folder / "library"
        shutil.rmtree(root, ignore_errors=True)
        shutil.copytree(self.start, root, symlinks=True)
        if self.disk is not None:
            shutil.rmtree(self.disk / "images", ignore_errors=True)
            shutil.move(root / "images", self.disk)
            (root / "images").symlink_to(self.disk / "images")
        return root


def scene(folder: Path, name: str, work: Work, disk: Path | None = None) -> Scene:
    """Return a scene on ``folder/start``, after doing the work once undisturbed to record the expected states."""
    unknown = Scene(name if disk is None else f"{name}, images elsewhere", folder / "start", work, (), disk=disk)
    before = recovered(unknown.fresh(folder))
    root = unknown.fresh(folder)
    answer = work(root)
    assert answer.startswith("done"), answer
    return replace(unknown, allowed=(before, recovered(root)))


def told(outcome: Outcome) -> str:
    """Return an outcome as text: ``done``, ``later`` (done, the files follow), ``gone``, or ``error: …``."""
    if outcome.status is Status.SUCCESS:
        return "done" if outcome.in_place else "later"
    return "gone" if outcome.status is Status.NOT_FOUND else f"error: {outcome.error or outcome.status}"


def opened(deed: Deed) -> Work:
    """Return work that opens a library and does the deed with it."""

    def work(root: Path) -> str:
        try:
            with Library.open(root) as library:
                return deed(library)
        except CuratorError as error:
            return f"error: {error}"

    return work


def promote(number: int, strategy: Strategy | None) -> Deed:
    """Return a deed that promotes one pending import."""
    return lambda library: told(library.processor.process_single_import(number, strategy))


def promoting(number: int, strategy: Strategy | None) -> Work:
    """Return work that opens a library and promotes one pending import."""
    return opened(promote(number, strategy))


def undo_newest(library: Library, after_each: Callable[[], None] = lambda: None) -> str:
    """Undo the newest operation, a promotion or an import."""
    report = library.undo(progress=lambda _: after_each())
    if not report.refused:
        return "done"
    return "gone" if "nothing to undo" in report.refused else f"error: {report.refused}"


def undoing(root: Path, after_each: Callable[[], None] = lambda: None) -> str:
    """Open a library and undo the newest operation."""
    return opened(lambda library: undo_newest(library, after_each))(root)


def opening(root: Path) -> str:
    """Open a library, which recovers it, and close it."""
    try:
        with Library.open(root):
            return "done"
    except CuratorError as error:
        return f"error: {error}"


def prepared(
    folder: Path,
    case: Case,
    there: Sequence[bytes] = (png(1), png(2)),
    coming: Sequence[bytes] = (png(3), b"no image", png(4), png(5)),
) -> int:
    """Build ``folder/start``: a model with images, and a pending import; return its id."""
    weights = model_file(folder, "weights.safetensors", case.there)
    other = model_file(folder, "other.safetensors", case.coming)
    with Library.open(folder / "start") as library:
        add_model(library, digest(case.there), weights, tag_names=["old"], images=there, meta={"a": 1})
        path = weights
        if case.coming != case.there:
            path = other
            HashCache(library.store).put(str(weights), hash_both(str(weights)))  # so that its weights are known
        return add_pending(library, path, tag_names=["new", "old"], images=coming, meta={"b": 2})


def promotion(folder: Path, name: str, disk: Path | None = None) -> Scene:
    """Return the scene of promoting one pending import, in the case of that name."""
    number = prepared(folder, CASES[name])
    return scene(folder, f"promote {name}", promoting(number, CASES[name].strategy), disk)


def undo(folder: Path, name: str, disk: Path | None = None) -> Scene:
    """Return the scene of undoing a promotion, in the case of that name."""
    number = prepared(folder, CASES[name])
    assert promoting(number, CASES[name].strategy)(folder / "start") == "done"
    return scene(folder, f"undo {name}", undoing, disk)


def stage_1(folder: Path) -> Scene:
    """Return the scene of importing seven rows in batches of three; any number of whole batches may be found."""
    rows = []
    for n in range(1, 8):
        names = [f"/media/model_{n}_1_{k}.png" for k in range(2)]
        sha256 = digest(b"%d" % n) if n % 2 else ""
        path = str(model_file(folder, f"{n}.safetensors", b"%d" % n))
        rows.append(OldRow(n, path, {"description": f"{n}", "images": names}, sha256, tags=(1, 2)))
        for name in names:
            (folder / "old").mkdir(exist_ok=True)
            (folder / "old" / os.path.basename(name)).write_bytes(png(len(name) * n))
    old_database(folder / "old.db", rows, {1: "one", 2: "two"})
    opening(folder / "start")

    def importing(root: Path, after_batch: Callable[[], None] = lambda: None) -> str:
        batches = patch.object(core.importing.importer, "_BATCH_ROWS", 3)
        try:
            with batches, Library.open(root) as library:
                library.import_legacy(
                    folder / "old.db", images_dir=folder / "old", progress=lambda _done, _total: after_batch()
                )
        except CuratorError as error:
            return f"error: {error}"
        return "done"

    found = scene(folder, "stage 1", importing)
    before, after = found.allowed
    tags_alone = replace(before, rows=json.dumps({**json.loads(before.rows), "tags": json.loads(after.rows)["tags"]}))
    allowed = (before, tags_alone, *whole_batches(folder, importing))
    return replace(found, allowed=allowed, journals_again=True)


def undo_stage_1(folder: Path) -> Scene:
    """Return the scene of undoing that import; any number of its newest batches may be gone, each as a whole."""
    assert stage_1(folder).work(folder / "start") == "done"
    found = scene(folder, "undo stage 1", undoing)
    return replace(found, allowed=(found.allowed[0], *whole_batches(folder, undoing)))


def whole_batches(folder: Path, work: Callable[..., str]) -> list[State]:
    """Return the state after each batch."""
    states: list[State] = []
    copy = folder / "copy"

    def keep() -> None:
        shutil.copytree(folder / "library", copy)
        states.append(recovered(copy))
        shutil.rmtree(copy)

    shutil.rmtree(folder / "library")
    shutil.copytree(folder / "start", folder / "library")
    work(folder / "library", keep)
    return states
