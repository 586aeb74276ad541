"""Background threads run at lower priority than threads that serve the screen."""

from __future__ import annotations

import os
import sys
import threading
from pathlib import Path
from typing import Any

import pytest

from core import Library, Strategy
from core.domain.enums import Status
from core.domain.records import PendingImage
from core.images.processor import ImageProcessor
from core.images.tasks import Tiers
from core.promotion.pending_images import PendingImageStager
from tests.support.builders import add_pending, model_file, png


def priority() -> int:
    return os.getpriority(os.PRIO_PROCESS, threading.get_native_id())


@pytest.mark.skipif(sys.platform != "linux", reason="a thread has no priority of its own elsewhere")
def test_tiers_are_made_by_threads_that_step_back_and_looks_by_others(
    library: Library, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    staged: list[int] = []
    judged: list[int] = []
    stage, judge = ImageProcessor.stage, PendingImageStager._judge

    def staging(self: ImageProcessor, data: bytes, folder: Path, *args: Any) -> Tiers:
        staged.append(priority())
        return stage(self, data, folder, *args)

    def judging(self: PendingImageStager, image: PendingImage, cancel: threading.Event | None) -> PendingImage:
        judged.append(priority())
        return judge(self, image, cancel)

    monkeypatch.setattr(ImageProcessor, "stage", staging)
    monkeypatch.setattr(PendingImageStager, "_judge", judging)
    before = priority()
    pending_id = add_pending(library, model_file(tmp_path, "m"), images=[png(1), png(2)])
    assert library.processor.process_single_import(pending_id, Strategy.MERGE).status is Status.SUCCESS
    assert staged == [min(before + 10, 19)] * 2
    assert set(judged) == {before}
    assert priority() == before


def test_a_look_does_not_wait_for_tiers(library: Library, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    going, go = threading.Semaphore(0), threading.Event()
    stage = ImageProcessor.stage

    def slow(self: ImageProcessor, data: bytes, folder: Path, *args: Any) -> Tiers:
        going.release()
        assert go.wait(30)
        return stage(self, data, folder, *args)

    monkeypatch.setattr(ImageProcessor, "stage", slow)
    images = [png(n) for n in range(3)]
    first, second = (add_pending(library, model_file(tmp_path, name, name.encode()), images=images) for name in "ab")
    assert library.processor.dry_run(second).status is Status.SUCCESS
    promoting = threading.Thread(target=library.processor.process_single_import, args=(first, Strategy.MERGE))
    promoting.start()
    try:
        assert going.acquire(timeout=30)
        assert going.acquire(timeout=30), "both threads that make tiers are held"
        look = library.queue.preview(second, None)
        assert look is not None
        assert look.plan is not None
    finally:
        go.set()
        promoting.join()
    assert list(library.queue.search()) == [second]
