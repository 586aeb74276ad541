"""Two processes that meet at a chosen moment: one is held at a point in its work while the other runs."""

from __future__ import annotations

import os
import select
import signal
import traceback
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from unittest.mock import patch

import core.operations.journal
from core import Library, Strategy
from core.domain.operations import Move
from core.errors import CuratorError
from core.operations.journal import Staging
from core.promotion.processor import PromotionProcessor
from tests.support.builders import OldRow, add_pending, digest, model_file, old_database, png
from tests.torture.scenarios import CASES, opening, prepared, promoting, undoing
from tests.torture.state import InvariantViolation, State, recovered
from tests.torture.trace import Work

_PATIENCE = 1.0  # seconds; a second process that has not ended by then is assumed to wait for the first
_DEADLINE = 60.0


@dataclass(frozen=True, slots=True)
class Meeting:
    """``first`` is held before a call of ``owner``'s ``at`` (after it, if ``after``) while ``second`` runs."""

    name: str
    first: Work
    second: Work
    owner: object
    at: str
    after: bool
    right: Callable[[State, State], bool]  # called with the states before and after both

    def hold(self, root: Path) -> None:
        """Let the two meet on the library ``root``. Raises InvariantViolation if the end state is wrong."""
        before = recovered(root)
        reached, resume = os.pipe(), os.pipe()
        with _held(self.owner, self.at, after=self.after, reached=reached[1], resume=resume[0]):
            first, answer = spawn(self.first, root)
        os.close(reached[1])
        if not select.select([reached[0]], [], [], _DEADLINE)[0] or not os.read(reached[0], 1):
            raise InvariantViolation(f"{self.name}: the place was never reached")
        second, other = spawn(self.second, root)
        ended = select.select([other], [], [], _PATIENCE)[0]
        os.write(resume[1], b"r")
        answers = [finish(first, answer), finish(second, other)]
        for descriptor in (reached[0], *resume):
            os.close(descriptor)
        if answers[0] != "done" or answers[1] not in ("done", "killed"):
            raise InvariantViolation(f"{self.name}: {answers}")
        after = recovered(root)
        if not self.right(before, after):
            raise InvariantViolation(
                f"{self.name}: {after.differs(before)} (the second {'did not wait' if ended else 'waited'})"
            )


@contextmanager
def _held(owner: object, name: str, *, after: bool, reached: int, resume: int) -> Iterator[None]:
    original = getattr(owner, name)
    met: list[int] = []

    def held(*args: Any, **kwargs: Any) -> Any:
        if met or not after:
            _wait(met, reached, resume)
            return original(*args, **kwargs)
        result = original(*args, **kwargs)
        _wait(met, reached, resume)
        return result

    with patch.object(owner, name, held):
        yield


def _wait(met: list[int], reached: int, resume: int) -> None:
    if not met:
        met.append(1)
        os.write(reached, b"h")
        os.read(resume, 1)


def spawn(work: Work, root: Path) -> tuple[int, int]:
    """Start the work in a forked process; return its id and the descriptor to read its answer from."""
    reading, writing = os.pipe()
    pid = os.fork()
    if pid == 0:
        try:
            answer = work(root)
        except BaseException:
            answer = f"traceback: {traceback.format_exc()}"
        os.write(writing, answer.encode(errors="replace")[-4000:])
        os._exit(0)
    os.close(writing)
    return pid, reading


def finish(pid: int, answer: int) -> str:
    """Wait for a process to end and return its answer, or ``killed`` if it left none."""
    if not select.select([answer], [], [], _DEADLINE)[0]:
        os.kill(pid, signal.SIGKILL)
        os.waitpid(pid, 0)
        raise InvariantViolation("a process never came to its end")
    with open(answer, "rb") as file:
        text = file.read().decode()
    os.waitpid(pid, 0)
    return text or "killed"


def _dying(work: Work) -> Work:
    """Return the work in a process that dies before it moves the first file."""

    def die(_root: Path, _moves: list[Move]) -> list[str]:
        os._exit(9)

    def dies(root: Path) -> str:
        with patch.object(core.operations.journal, "roll_forward", die):
            return work(root)

    return dies


def _importing(folder: Path) -> Work:
    def work(root: Path) -> str:
        try:
            with Library.open(root) as library:
                library.import_legacy(folder / "old.db", images_dir=folder / "old")
        except CuratorError as error:
            return f"error: {error}"
        return "done"

    return work


def _second_image(folder: Path) -> Work:
    """Build a library, and return an import that adds a second image to its pending import 1."""
    path = model_file(folder, "1.safetensors", b"1")
    (folder / "old").mkdir()
    (folder / "old" / "a.png").write_bytes(png(1))
    old_database(folder / "old.db", [OldRow(1, str(path), {"images": ["/media/a.png", "/media/b.png"]})])
    work = _importing(folder)
    assert work(folder / "start") == "done"
    (folder / "old" / "b.png").write_bytes(png(2))
    return work


def _look(folder: Path) -> Meeting:
    both = digest(png(2))
    return Meeting(
        "an image is added between staging and the transaction",
        first=promoting(1, None),
        second=_second_image(folder),
        owner=Staging,
        at="sync",
        after=True,
        right=lambda _, after: both in after.rows and '"pending_images": []' in after.rows,
    )


def _finish(folder: Path) -> Meeting:
    number = prepared(folder, CASES["merge"])
    with Library.open(folder / "start") as library:
        other = add_pending(library, model_file(folder, "third", b"third"), images=[png(6)])
    return Meeting(
        "a process dies before moving its files, another works on",
        first=promoting(other, None),
        second=_dying(promoting(number, Strategy.OVERRIDE)),
        owner=PromotionProcessor,
        at="process_single_import",
        after=False,
        right=lambda before, after: '"pending_import": []' in after.rows and before != after,
    )


def _sweep(folder: Path) -> Meeting:
    return Meeting(
        "a process opens the library between staging and the transaction",
        first=promoting(prepared(folder, CASES["merge"]), Strategy.MERGE),
        second=opening,
        owner=Staging,
        at="sync",
        after=True,
        right=lambda before, after: before != after,
    )


def _lock(folder: Path) -> Meeting:
    return Meeting(
        "a process undoes what another is about to move",
        first=promoting(prepared(folder, CASES["delete"]), Strategy.DELETE),
        second=undoing,
        owner=core.operations.journal,
        at="roll_forward",
        after=False,
        right=lambda before, after: before.kept() == after.kept(),
    )


MEETINGS: dict[str, Callable[[Path], Meeting]] = {"look": _look, "finish": _finish, "sweep": _sweep, "lock": _lock}


def built(name: str, folder: Path) -> tuple[Meeting, Path]:
    """Build a meeting in its own folder, and return it with the library it takes place on."""
    place = folder / name
    place.mkdir()
    return MEETINGS[name](place), place / "start"
