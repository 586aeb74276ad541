"""Proof 2: every call that changes something is made to fail, once or for good; the answer says what happened."""

from __future__ import annotations

import itertools
import re
from collections import Counter
from collections.abc import Iterator
from enum import StrEnum
from pathlib import Path

from core.storage.database import COMMIT_UNKNOWN
from tests.torture.scenarios import Scene, one_thread, stage_1, undo_stage_1
from tests.torture.state import InvariantViolation
from tests.torture.strace_kills import Lines, Tally, every_scene, judge, thinned, undisturbed
from tests.torture.trace import CHANGING, Call, run


class How(StrEnum):
    """What fails: one call; it and later ones of its name; SQLite's calls; all changing calls; one opening call."""

    ONCE = "once"
    CALL = "this call for good"
    DATABASE = "the database's for good"
    ALL = "everything for good"
    LOOK = "once, opening what is there"


_TRIED = [*itertools.product(("ENOSPC", "EIO"), (How.ONCE, How.CALL, How.DATABASE, How.ALL)), ("EIO", How.LOOK)]
# Which calls keep failing, if more than the call itself.
_FAILING = {How.DATABASE: ("pwrite64", "fdatasync", "ftruncate"), How.ALL: CHANGING}


def errors(folder: Path, quick: bool) -> Lines:
    """Make calls fail in promotions, undos and Stage 1."""
    with one_thread():
        for scene, place in _all(folder):
            for error, how in _TRIED:
                every = 1 if how in (How.ONCE, How.DATABASE, How.LOOK) else 3
                yield fail_everywhere(scene, place, error, how, 30 * every if quick else every)


def _all(folder: Path) -> Iterator[tuple[Scene, Path]]:
    yield from every_scene(folder)
    for make in (stage_1, undo_stage_1):
        place = folder / make.__name__
        place.mkdir()
        yield make(place), place


def fail_everywhere(scene: Scene, folder: Path, error: str, how: How, every: int) -> tuple[str, list[str]]:
    """Make every ``every``-th of the scene's calls fail in turn."""
    tally, said = Tally(), Counter[str]()
    trace, root = undisturbed(scene, folder)
    looks = trace.looks(root)
    calls = looks if how is How.LOOK else trace.points(root)
    for at in thinned([call for call in calls if how is not How.DATABASE or call.name in _FAILING[how]], every):
        scene.fresh(folder)
        trace = run(scene.work, root, _injections(calls, at, error, how), log=folder / "log")
        try:
            state = judge(scene, root)
            honest(scene, trace.answer, state)
            said[trace.answer.split(":")[0]] += 1
            tally.found(state)
        except InvariantViolation as bad:
            tally.failed(f"{error} {how} at {at.name} {at.args[:150]}: {bad}; told {trace.answer[-600:]}")
    told = ", ".join(f"told {word} {number}" for word, number in sorted(said.items()))
    return f"{tally.line(f'{scene.name}, {error} {how}', len(scene.allowed) - 1)} ({told})", tally.bad


def _injections(calls: list[Call], at: Call, error: str, how: How) -> list[str]:
    if how not in _FAILING:
        return [f"{at.name}:error={error}:when={at.nth}{'+' if how is How.CALL and at.name != 'openat' else ''}"]
    reached = calls[: calls.index(at)]
    found = [f"openat:error={error}:when={at.nth}"] if at.name == "openat" else []
    for name in _FAILING[how]:
        if name != "openat":  # opening existing files stays possible
            last = max((call.nth for call in reached if call.name == name), default=0)
            found.append(f"{name}:error={error}:when={last + 1}+")
    return found


def honest(scene: Scene, answer: str, state: int) -> None:
    """Raise InvariantViolation if the answer is not what happened."""
    last = len(scene.allowed) - 1
    if answer in ("done", "later"):
        if state != last:
            raise InvariantViolation(f"told {answer}, but state {state} of {last} was found")
    elif not re.match(r"error: [\w/].{15}", answer):
        raise InvariantViolation("no sentence")
    elif last == 1 and state != 0 and COMMIT_UNKNOWN not in answer:
        raise InvariantViolation("told that it failed, but it happened")
