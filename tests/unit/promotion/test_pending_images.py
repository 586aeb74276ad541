"""Validation of pending images: once per digest, whoever asked first."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from core import Library
from core.pools import Pool
from core.promotion.pending_images import PendingImageStager
from core.storage import pending
from tests.support.builders import add_pending, model_file, png


@pytest.fixture
def stager(library: Library) -> Iterator[PendingImageStager]:
    with closing(Pool(1, "judging")) as judging, closing(Pool(1, "staging")) as staging:
        yield PendingImageStager(library.store, library.root, library.image_processor, judging, staging)


def test_a_record_read_before_another_thread_validated_its_images_gets_the_reason(
    library: Library, stager: PendingImageStager, tmp_path: Path
) -> None:
    add = add_pending(library, model_file(tmp_path, "m.safetensors", b"weights"), images=[png(1), png(2)[:40]])
    with library.store.read() as db:
        early = pending.get(db, add)
    assert early is not None
    assert [image.refused for image in early.images] == [None, None], "nothing is decoded yet"
    first = stager.validate(early.images)
    assert first[1].refused is not None
    assert stager.validate(early.images) == first
