"""Model files that are not where an old database says, by the folders they should be in."""

from __future__ import annotations

from pathlib import Path

from core.domain.imports import NotFound
from core.importing.not_found import NotFoundCounter


def found(*paths: str) -> tuple[NotFound, ...]:
    counter = NotFoundCounter()
    for path in paths:
        counter.look(path)
    return counter.found()


def test_paths_that_begin_alike_are_one_group_and_the_largest_comes_first() -> None:
    assert found(
        r"D:\AI\models\loras\a.pt", r"D:\AI\models\vae\b.pt", r"D:\AI\models\c.pt", "/mnt/x/y/a.pt", "/mnt/x/yz/b.pt",
        "/old/a.pt",
    ) == (NotFound(r"D:\AI\models", 3), NotFound("/mnt/x", 2), NotFound("/old", 1))  # fmt: skip


def test_what_is_there_does_not_count(tmp_path: Path) -> None:
    (tmp_path / "a.pt").touch()
    assert found(str(tmp_path / "a.pt"), "") == ()
    assert found(str(tmp_path / "b.pt")) == (NotFound(str(tmp_path), 1),)


def test_odd_paths_have_a_beginning_too() -> None:
    assert found("a.pt", "b.pt") == (NotFound("", 2),)
    assert found("/a.pt") == (NotFound("/", 1),)
