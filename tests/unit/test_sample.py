"""The sample library: it contains every case of a promotion, and is the same each time."""

from __future__ import annotations

import json
import struct
from pathlib import Path

import pytest

from core import Library
from core.importing.legacy.rows import IMAGE_KEYS
from core.sample.library import Sample, build_sample, safetensors
from core.verify import check_library
from tests.support.builders import digest, files, pending_of


@pytest.fixture(scope="module")
def sample(tmp_path_factory: pytest.TempPathFactory) -> Sample:
    return build_sample(tmp_path_factory.mktemp("sample"))


def test_it_holds_every_case_and_verifies(sample: Sample, library: Library) -> None:
    first = library.import_legacy(sample.database, images_dir=sample.images)
    again = library.import_legacy(sample.database, images_dir=sample.images)
    assert (first.models, first.pending) == (5, 19)
    assert (again.models, again.pending, again.images, again.skipped) == (0, 0, 0, 24)
    refused = [row.id for row in library.queue.all() if library.processor.dry_run(row.id, "merge").refused]
    assert len(refused) == 1
    states = {str(state): count for state, count in library.queue.counts().states.items()}
    assert states.keys() == {"new", "conflict", "duplicate", "missing"}
    assert sum(states.values()) == 19 and states["duplicate"] == 2 and states["missing"] == 1
    for number in library.queue.search():
        assert not IMAGE_KEYS & pending_of(library, number).meta_json.keys()
    assert check_library(library).ok


def test_it_is_the_same_each_time(sample: Sample, tmp_path: Path) -> None:
    other = build_sample(tmp_path / "other")
    assert files(sample.models) == files(other.models) != {}
    assert files(sample.images) == files(other.images) != {}


def test_its_model_files_are_valid_safetensors() -> None:
    data = safetensors(3)
    (length,) = struct.unpack("<Q", data[:8])
    header = json.loads(data[8 : 8 + length])
    begin, end = header["weight"]["data_offsets"]
    assert len(data) == 8 + length + end - begin
    assert digest(safetensors(3)) == digest(data) != digest(safetensors(4))
