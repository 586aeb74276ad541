"""The image scanner with an open journal entry: open moves count as done, and two states are never mixed."""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest

from core.domain.enums import Tier
from core.domain.operations import Move
from core.errors import ImageError
from core.images.scanner import ImageScanner, relative_path

SHA = "ab" * 32
OTHER = "cd" * 32


def scanner(root: Path, *moves: Move) -> ImageScanner:
    return ImageScanner(root, lambda: (len(moves), moves))


def put(root: Path, seq: int, tier: Tier = Tier.HIGH, data: bytes = b"webp") -> Path:
    path = root / relative_path(SHA, seq, tier)
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(data)
    return path


def move(src: str, dst: str) -> Move:
    return Move(source=src, target=dst, backup="trash/op/x", replaces=False)


def stage(root: Path, name: str, data: bytes = b"staged") -> str:
    path = root / "staging" / "op" / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(data)
    return f"staging/op/{name}"


def test_a_move_that_is_still_to_do_counts_as_done(tmp_path: Path) -> None:
    put(tmp_path, 0)
    todo = move(stage(tmp_path, "0_high"), relative_path(SHA, 4, Tier.HIGH))
    assert scanner(tmp_path, todo).sequence(SHA) == [0, 4]
    assert scanner(tmp_path, todo).get_next_sequence_index(SHA) == 5
    with scanner(tmp_path, todo).open_image(f"{SHA}_4") as file:
        assert file.read() == b"staged"


def test_a_move_that_is_done_changes_nothing(tmp_path: Path) -> None:
    put(tmp_path, 4, data=b"moved")
    done = move("staging/op/0_high", relative_path(SHA, 4, Tier.HIGH))
    assert scanner(tmp_path, done).sequence(SHA) == [4]
    with scanner(tmp_path, done).open_image(f"{SHA}_4") as file:
        assert file.read() == b"moved"


def test_of_an_image_about_to_be_replaced_the_new_one_is_opened(tmp_path: Path) -> None:
    put(tmp_path, 0, data=b"old")
    todo = move(stage(tmp_path, "0_high", b"new"), relative_path(SHA, 0, Tier.HIGH))
    with scanner(tmp_path, todo).open_image(f"{SHA}_0") as file:
        assert file.read() == b"new"


def test_an_image_about_to_leave_is_gone(tmp_path: Path) -> None:
    put(tmp_path, 0)
    put(tmp_path, 1)
    leaving = move(relative_path(SHA, 1, Tier.HIGH), "trash/undo/x")
    assert scanner(tmp_path, leaving).sequence(SHA) == [0]
    assert scanner(tmp_path, leaving).get_next_sequence_index(SHA) == 1
    with pytest.raises(ImageError):
        scanner(tmp_path, leaving).open_image(f"{SHA}_1")


def test_an_image_with_one_tier_left_stays(tmp_path: Path) -> None:
    put(tmp_path, 1, Tier.HIGH)
    put(tmp_path, 1, Tier.LOW)
    leaving = move(relative_path(SHA, 1, Tier.HIGH), "trash/undo/x")
    assert scanner(tmp_path, leaving).sequence(SHA) == [1]


def test_moves_of_other_models_and_other_files_are_passed_over(tmp_path: Path) -> None:
    moves = [
        move("staging/op/0_high", relative_path(OTHER, 7, Tier.HIGH)),
        move("staging/op/1_high", f"images/ab/{SHA}/{SHA}_07_high.webp"),
        move("staging/op/2_high", f"trash/op/{SHA}_8_high.webp"),
        move("pending/7_0.png", "trash/op/7_0.png"),
    ]
    assert scanner(tmp_path, *moves).sequence(SHA) == []


def test_a_move_that_points_outside_the_library_opens_nothing(tmp_path: Path) -> None:
    library = tmp_path / "library"
    library.mkdir()
    (tmp_path / "secret").write_bytes(b"secret")
    for src in ("../secret", str(tmp_path / "secret"), "staging/../../secret"):
        with pytest.raises(ImageError):
            scanner(library, move(src, relative_path(SHA, 0, Tier.HIGH))).open_image(SHA)


class Journal:
    """Answers as a journal would whose entry 1 another process writes and finishes while a reader looks.

    The reader gets the answers in order; before each, what another process does by then is done.
    """

    def __init__(self, *answers: tuple[int, Any]) -> None:
        self._answers = list(answers)
        self.asked = 0

    def __call__(self) -> tuple[int, Sequence[Move]]:
        n, act = self._answers[min(self.asked, len(self._answers) - 1)]
        self.asked += 1
        act()
        return n, []


def test_the_list_is_read_again_when_an_operation_came_in_between(tmp_path: Path) -> None:
    def finish() -> None:
        put(tmp_path, 0)
        put(tmp_path, 1)

    journal = Journal((0, lambda: put(tmp_path, 0)), (1, finish), (1, lambda: None))
    assert ImageScanner(tmp_path, journal).sequence(SHA) == [0, 1]
    assert journal.asked == 4


def test_opening_is_tried_again_when_an_operation_came_in_between(tmp_path: Path) -> None:
    journal = Journal((0, lambda: None), (1, lambda: put(tmp_path, 0)))
    with ImageScanner(tmp_path, journal).open_image(SHA) as file:
        assert file.read() == b"webp"


def test_a_move_done_between_the_look_at_the_journal_and_the_opening_is_followed(tmp_path: Path) -> None:
    src, dst = stage(tmp_path, "0_high"), put(tmp_path, 0, data=b"old")
    os.replace(tmp_path / src, dst)  # after the snapshot that still names the move
    with scanner(tmp_path, move(src, relative_path(SHA, 0, Tier.HIGH))).open_image(SHA) as file:
        assert file.read() == b"staged"
