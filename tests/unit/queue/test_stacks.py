"""Trainings in the queue: which row belongs to which, and lists with one line for each."""

from __future__ import annotations

from array import array
from pathlib import Path

import pytest

from core import Library
from core.domain.stacks import FoldedIds
from tests.support.builders import add_pending
from tests.support.model_tree import put_model, scan


@pytest.fixture
def ids(library: Library, tmp_path: Path) -> dict[str, int]:
    """Ids by file: two trainings of one name, three precisions, and one file alone."""
    root = tmp_path / "models" / "loras"
    for session in "12":
        for epoch in (4, 8, 12):
            name = f"{session}/koi.safetensors" if epoch == 12 else f"{session}/koi-{epoch:06}.safetensors"
            said = {"ss_session_id": session, "ss_epoch": str(epoch), "ss_output_name": "koi"}
            put_model(root / name, seed=epoch, metadata=said)
    put_model(root / "base-fp16.safetensors")
    put_model(root / "base-bf16.safetensors", seed=1)
    put_model(root / "alone.safetensors", seed=2)
    scan(library, tmp_path / "models")
    return {row.path.removeprefix(f"{root}/").removesuffix(".safetensors"): row.id for row in library.queue.all()}


def test_each_training_takes_one_line(library: Library, ids: dict[str, int]) -> None:
    everything = library.queue.search()
    folded = library.queue.fold(everything)
    first, second = ((ids[f"{n}/koi-000004"], ids[f"{n}/koi-000008"], ids[f"{n}/koi"]) for n in "12")
    bases = tuple(sorted((ids["base-fp16"], ids["base-bf16"])))
    assert sorted(folded.stacks[first[-1]]) == sorted(first) and folded.stacks[first[-1]] == first
    assert folded.stacks[second[-1]] == second, "never across two trainings"
    assert [tuple(sorted(stack)) for final, stack in folded.stacks.items() if final in bases] == [bases]
    hidden = {i for stack in folded.stacks.values() for i in stack[:-1]}
    assert list(folded.ids) == [i for i in everything if i not in hidden], "the order stays"
    assert len(folded.ids) == 4


def test_only_what_is_listed_counts(library: Library, ids: dict[str, int]) -> None:
    four, eight, final = (ids[f"1/{name}"] for name in ("koi-000004", "koi-000008", "koi"))
    assert library.queue.fold(array("q", [eight, four])) == FoldedIds(array("q", [eight]), {eight: (four, eight)})
    assert library.queue.fold(array("q", [final])) == FoldedIds(array("q", [final]))
    assert library.queue.fold(array("q")) == FoldedIds(array("q"))


def test_rows_know_their_training(library: Library, ids: dict[str, int]) -> None:
    stacks = {row.id: row.stack for row in library.queue.all()}
    assert stacks[ids["1/koi"]] == stacks[ids["1/koi-000004"]] != stacks[ids["2/koi"]]
    assert stacks[ids["base-fp16"]] == stacks[ids["base-bf16"]]
    assert len(set(stacks.values())) == 4
    assert list(library.queue.search(f"stack:{ids['1/koi']}")) == sorted(ids[name] for name in ids if name[:2] == "1/")


def test_without_a_scan_there_is_no_training(library: Library) -> None:
    number = add_pending(library, "/m/koi-000004.safetensors")
    add_pending(library, "/m/koi.safetensors", meta={"training": ["odd"]})
    add_pending(library, "/m/koi.safetensors", meta={"training": "odd"})
    assert [row.stack for row in library.queue.all()] == [(), (), ()]
    assert library.queue.fold(library.queue.search()).stacks == {}
    assert list(library.queue.search(f"stack:{number}")) == [number]
