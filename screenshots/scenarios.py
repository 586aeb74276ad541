"""Scenes for the pictures in this folder: the keys to press and the texts that the screen shows then."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Step:
    """Keys to press, and texts on the screen once they have taken effect."""

    keys: Sequence[str]
    shows: Sequence[str]


@dataclass(frozen=True, slots=True)
class Scene:
    """One picture: its name, the size of the terminal in cells, and the steps to it.

    ``stop_after`` pauses applying once that many imports are promoted.
    """

    name: str
    size: tuple[int, int]
    steps: Sequence[Step]
    stop_after: int | None = None


@dataclass(frozen=True, slots=True)
class Frame:
    """One frame of the demo: the step from the previous frame, and how long it is shown.

    ``goes_on`` resumes paused applying first.
    """

    step: Step
    milliseconds: int
    goes_on: bool = False


_START = Step((), ("5 conflicts", "duplicate"))
_DECIDED = Step(("j", "m", "o", "m", "j", "m", "m"), ("5 decided",))
_ALL_KINDS = Step(("g", "s", "G", "k", "k", "k", "k", "k", "k", "d", "d"), ("8 decided",))
_COMPARED = Step(("g", "j", "m", "k", "enter", "j", "j"), ("after merge", "becomes 4", "1 already there"))
_SUMMED_UP = Step(("a",), ("of the library overwritten", "Apply 8"))

SCENES = (
    Scene("queue", (140, 42), (_START, _DECIDED, Step(("g", "j", "l"), ("incoming 2 of 4", "after merge")))),
    Scene("comparison", (140, 42), (_START, _COMPARED)),
    Scene(
        "by-hand",
        (140, 42),
        (
            _START,
            Step(("g", "j", "m", "k", "enter", *"jjjjjj"), ("after merge", "becomes 4")),
            Step(("enter",), ("1 field overwritten",)),
            Step((*"jjjj", "enter"), ("left out",)),
            Step(("g", "j", "enter"), ("2 fields overwritten",)),
            Step(("enter",), ("1 field overwritten", "2 combined")),
        ),
    ),
    Scene("two-up", (140, 42), (_START, Step(("g", "j", "m", "k", "v", "tab"), ("becomes 3", "beside the library's")))),
    Scene("alike", (140, 42), (_START, Step(("g", *"jjjjj", "equals_sign"), ("imports match", "same folder")))),
    Scene("summary", (140, 42), (_START, _DECIDED, _ALL_KINDS, _SUMMED_UP)),
    Scene(
        "applying",
        (140, 42),
        (_START, _DECIDED, _ALL_KINDS, _SUMMED_UP, Step(("y",), ("applying", "5 of 8", "16 pending", "2 conflicts"))),
        stop_after=4,
    ),
    Scene(
        "history",
        (140, 42),
        (
            _START,
            _DECIDED,
            _ALL_KINDS,
            _SUMMED_UP,
            Step(("y",), ("applied", "12 pending")),
            Step(("u",), ("There is no redo",)),
            Step(("y",), ("Undone", "13 pending")),
            Step(("U",), ("undone by", "undid")),
        ),
    ),
    Scene("filter", (140, 42), (_START, _DECIDED, Step(("slash", *"checkpoint"), ("6 of 19",)))),
    Scene("help", (140, 54), (_START, Step(("question_mark",), ("In the comparison", "In its fields")))),
)

DEMO_SIZE = (124, 36)  # cells; more would be too small to read in a README
DEMO_STOPS_AFTER = 3
DEMO = (
    Frame(_START, 1800),
    Frame(Step(("j",), ("incoming 1 of 4", "after merge")), 1500),
    Frame(Step(("l",), ("incoming 2 of 4",)), 1000),
    Frame(Step(("j", "full_stop"), ("1 decided", "incoming 1 of 2")), 1500),
    Frame(Step(("j", "j", "V", "j", "j", "j"), ("4 marked",)), 1500),
    Frame(Step(("V", "full_stop"), ("5 decided",)), 1500),
    Frame(Step(("g", "j", "enter"), ("after merge", "becomes 3", "= already there")), 2000),
    Frame(Step(("j", "enter"), ("* description", "\u25b6 Harbour light")), 1500),
    Frame(Step(("enter",), ("* description", "+ Soft coastal light")), 1500),
    Frame(Step(("v",), ("becomes 3", "beside the library's")), 1500),
    Frame(Step(("escape", "escape", "G", *"kkkkkk", "d"), ("7 decided",)), 1200),
    Frame(Step(("a",), ("Apply 7", "nothing overwritten")), 2000),
    Frame(Step(("y",), ("applying", "4 of 7", "16 pending")), 1500),
    Frame(Step((), ("7 applied", "12 pending")), 1200, goes_on=True),
    Frame(Step(("L",), ("What was applied",)), 1500),
    Frame(Step(("escape", "u"), ("There is no redo",)), 1500),
    Frame(Step(("y",), ("Undone", "13 pending")), 1500),
    Frame(Step(("U",), ("undone by", "undid")), 2000),
)
