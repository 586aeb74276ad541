"""Time and memory for 100,000 rows in one old database, and for 500 images in one row.

``python -m tests.torture.large`` prints the figures; each part runs in its own process, so its peak is its own.
"""

from __future__ import annotations

import json
import sqlite3
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

from PIL import Image

from tests.support.audit import Watched, audited_process
from tests.support.builders import LEGACY_SCHEMA, OldRow, digest, model_file, old_database

ROWS = 100_000
IMAGES = 500
GROWN_MIB = 100  # above the loaded program, for any number of rows and images

_MANY_ROWS = """
with Library.open(args[0]) as library:
    report = library.import_legacy(args[1])
    listed = sum(1 for row in library.queue.all())
    answer = [report.pending, report.models, listed]
"""

_MANY_IMAGES = """
with Library.open(args[0]) as library:
    report = library.import_legacy(args[1], images_dir=args[2])
    if args[3] != "model":
        outcome = library.processor.process_single_import(1)
    answer = [report.images, len(library.image_scanner.sequence(args[4]))]
"""


def many_rows(folder: Path, count: int) -> Watched:
    """Import an old database of ``count`` rows, every tenth with a hash, each with a tag, and list the queue."""
    path = folder / "old.sqlite3"
    extra = json.dumps({"description": "d" * 300, "prompts": {"positive": "p" * 200, "negative": "n" * 100}})
    connection = sqlite3.connect(path)
    try:
        connection.executescript(LEGACY_SCHEMA)
        connection.executemany("INSERT INTO tags VALUES (?, ?, NULL, 0)", [(n, f"tag {n}") for n in range(1, 51)])
        connection.executemany(
            "INSERT INTO models VALUES (?, ?, ?, 'lora', 5, ?, 1, NULL, ?)",
            (
                (n, f"/models/loras/{n}.safetensors", f"name {n}", f"{n:064x}" if n % 10 == 0 else "", extra)
                for n in range(1, count + 1)
            ),
        )
        connection.executemany("INSERT INTO model_tags VALUES (?, ?)", ((n, n % 50 + 1) for n in range(1, count + 1)))
        connection.commit()
    finally:
        connection.close()
    return audited_process(_MANY_ROWS, folder / "library", path, seconds=600)


def many_images(folder: Path, count: int, *, as_model: bool) -> Watched:
    """Import one row of ``count`` images, as a model or as a pending import that is then promoted."""
    media = folder / "media"
    media.mkdir()
    for n in range(count):
        Image.new("RGB", (512, 512), (n % 256, n // 256, 99)).save(media / f"{n}.png")
    sha256 = digest(b"weights")
    weights = model_file(folder, "m", b"weights")
    extra = {"images": [f"/media/{n}.png" for n in range(count)]}
    old = old_database(folder / "old.sqlite3", [OldRow(1, str(weights), extra, sha256 if as_model else "")])
    kind = "model" if as_model else "pending"
    return audited_process(_MANY_IMAGES, folder / "library", old, media, kind, sha256, seconds=600)


def main() -> int:
    """Print the figures; return 1 if memory was not bounded."""
    parts: dict[str, Callable[[Path], Watched]] = {
        f"{ROWS:,} rows": lambda folder: many_rows(folder, ROWS),
        f"{IMAGES} images of a model": lambda folder: many_images(folder, IMAGES, as_model=True),
        f"{IMAGES} images of an import": lambda folder: many_images(folder, IMAGES, as_model=False),
    }
    bad = 0
    for what, part in parts.items():
        with tempfile.TemporaryDirectory() as folder:
            start = time.monotonic()
            figures = part(Path(folder))
        bad += figures.grown_mib > GROWN_MIB
        seconds = time.monotonic() - start
        print(f"{what}: {seconds:.1f} s, {figures.grown_mib:.0f} MiB above the start, {figures.answer}")
    return int(bad > 0)


if __name__ == "__main__":
    sys.exit(main())
