"""Suggestions in a library."""

from __future__ import annotations

from pathlib import Path

from core import Library
from core.domain.enums import Strategy
from core.planning.suggestions import suggest
from tests.support.builders import add_model, add_pending, digest, half_png, model_file, pending_of, png


def test_a_look_gives_all_that_a_suggestion_needs(library: Library, tmp_path: Path) -> None:
    path = model_file(tmp_path, "m", b"x")
    twin = add_pending(library, path, name="old", type_="checkpoint", images=[png(1)], tag_names=["t"])
    more = add_pending(library, path, name="old", type_="checkpoint", images=[png(2), half_png(3)])
    other = add_pending(library, path, name="other", images=[png(1)])
    add_model(library, digest(b"x"), path, images=[png(1)], tag_names=["t", "u"])
    library.processor.dry_run(twin)
    whys = []
    for pending_id in (twin, more, other):
        look = library.queue.preview(pending_id, None)
        assert look is not None
        claimed = pending_of(library, pending_id).claimed_sha256
        found = suggest(look.row.state, look.plan, reason=look.reason, sha256=look.row.sha256, claimed_sha256=claimed)
        whys.append((found.strategy, found.why, found.safe))
    kept = "keeps your size and date"
    assert whys == [
        (Strategy.DELETE, f"adds nothing the library does not have, {kept}: delete", True),
        (
            Strategy.MERGE,
            f"adds 1 image, overwrites nothing, {kept}, drops 1 refused image: merge",
            False,
        ),
        (None, "its name differs, its own is longer (5 to 3), so does 1 more field: review", False),
    ]
