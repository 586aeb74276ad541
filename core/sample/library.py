"""A generated sample library, used by the demo, verification and the screenshots.

It is built like a real one: model files and an old manager's database are written, and Stage 1 imports them. It covers
every case of a promotion. The sizes in the old database are those of real models; the files are tiny.
"""

from __future__ import annotations

import hashlib
import json
import random
import sqlite3
import struct
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from core.library import Library
from core.sample.pictures import landscape, save

_TIME = 1_730_000_000_000
_SCHEMA = """
CREATE TABLE models (id INTEGER PRIMARY KEY AUTOINCREMENT, path TEXT NOT NULL UNIQUE, name TEXT, type TEXT NOT NULL,
    size_bytes INTEGER, hash_hex TEXT NOT NULL, created_at INTEGER NOT NULL, meta_json TEXT, extra_json TEXT);
CREATE TABLE tags (id INTEGER PRIMARY KEY AUTOINCREMENT, name TEXT NOT NULL UNIQUE, color TEXT, created_at INTEGER);
CREATE TABLE model_tags (model_id INTEGER NOT NULL, tag_id INTEGER NOT NULL, PRIMARY KEY (model_id, tag_id));
"""


@dataclass(frozen=True, slots=True)
class Sample:
    """The paths of a sample: the old database, the folder of its images, and the folder of the model files."""

    database: Path
    images: Path
    models: Path


@dataclass(frozen=True, slots=True)
class _Row:
    """One row of the sample's database. ``salt`` determines its file's bytes: rows with equal salts are one model."""

    file: str
    type: str
    megabytes: float
    salt: int
    tags: Sequence[str]
    images: Sequence[int] = ()
    hashed: bool = False
    missing: bool = False
    extra: dict[str, Any] = field(default_factory=dict)


def _text(description: str, positive: str = "", negative: str = "", **more: Any) -> dict[str, Any]:
    return {"description": description, "prompts": {"positive": positive, "negative": negative}, **more}


_ROWS = (
    _Row("checkpoints/harborlight_xl_v3.safetensors", "checkpoint", 6938, 1, ["sdxl", "landscape"], [11, 12, 13], True,
         extra=_text("Soft coastal light; made for wide scenes.", "golden hour, harbour, film grain", "",
                     community_links="https://example.org/harborlight", rating=4, trained_words=["hrbr"])),
    _Row("loras/ink-wash_v2.safetensors", "lora", 144, 2, ["sdxl", "style"], [21], True,
         extra=_text("Ink on wet paper.", "ink wash, paper texture", "photo", weight=0.8)),
    _Row("loras/clay-figurine.safetensors", "lora", 218, 3, ["style"], [31, 32], True,
         extra=_text("", "clay, stop motion", "", base_model="SDXL 1.0")),
    _Row("checkpoints/cinder_neon_v4.safetensors", "checkpoint", 2132, 4, ["sd15", "night"], [41], True,
         extra=_text("Neon streets after rain.", "neon, rain, night", "blurry", rating=5)),
    _Row("vae/pastel-lift.safetensors", "vae", 335, 5, ["vae"], [], True, extra=_text("Lifts shadows a little.")),
    _Row("loras/backup/ink-wash_v2.safetensors", "lora", 144, 2, ["backup"], [], True,
         extra=_text("The copy on the old disk.", rating=5)),
    _Row("downloads/harborlight_xl_v3 (1).safetensors", "checkpoint", 6938, 1, ["downloaded", "landscape"],
         [14, 12, 15, 16],
         extra=_text("Harbour light in film grain style, trained on 48 frames of Kodak 5219; 0.6 to 0.8 works best.",
                     "golden hour", "lowres, watermark", sampler="DPM++ 2M", trained_words=["hrbr", "5219"], rating=5)),
    _Row("downloads/clay-figurine.safetensors", "lora", 218, 3, ["downloaded", "favourite"], [33, 34],
         extra=_text("Figurines of clay, thumb prints and all.", "", "smooth, plastic", trained_words=["clayfig"])),
    _Row("downloads/cinder_neon_v4.safetensors", "checkpoint", 2132, 4, ["downloaded"], [42, 41],
         extra=_text("Neon, rain, and nobody about.", "neon, wet asphalt", "daylight", steps=28)),
    _Row("downloads/pastel-lift (2).safetensors", "vae", 335, 5, ["downloaded"], [51],
         extra=_text("Lifts shadows a little.")),
    _Row("loras/quartz-garden.safetensors", "lora", 72.1, 6, ["style", "sdxl"], [61, 62, 63],
         extra=_text("Gardens cut from stone.", "quartz, garden, macro", "people", trained_words=["qgrd"])),
    _Row("loras/ember-gouache.safetensors", "lora", 144, 7, ["style", "gouache"], [71, 72],
         extra=_text("Warm gouache.")),
    _Row("checkpoints/sable-blueprint_fp16.safetensors", "checkpoint", 2132, 8, ["sd15"], [81],
         extra=_text("Blueprints, cutaways, exploded views.", "blueprint, white lines", "")),
    _Row("loras/lantern-ukiyo-e.safetensors", "lora", 144, 9, ["style", "woodblock"], [91, 92, 93, 94, 95],
         extra=_text("Woodblock evenings.", "ukiyo-e, lantern, dusk", "3d", weight=0.7)),
    _Row("vae/drift.safetensors", "vae", 335, 10, ["vae"], [], extra=_text("")),
    _Row("checkpoints/meadow-noir_v5.safetensors", "checkpoint", 6462, 11, ["sdxl", "monochrome"], [111, 112],
         extra=_text("Black and white, grass to the horizon.", "film noir, meadow", "colour")),
    _Row("downloads/meadow-noir_v5 copy.safetensors", "checkpoint", 6462, 11, ["downloaded"], [113],
         extra=_text("The same file, saved twice.")),
    _Row("loras/deleted-last-year.safetensors", "lora", 36.4, 12, ["lost"], [121], missing=True,
         extra=_text("Its file is gone; the notes and the picture are what is left.")),
    _Row("loras/tundra_clay_v5.safetensors", "lora", 288, 13, ["style"], [131, -132],
         extra=_text("One of its two pictures is only half there.", "tundra", "")),
    _Row("loras/[bold]velvet[@click=app.quit].safetensors", "lora", 144, 14, ["odd name"], [141],
         extra=_text("A name that looks like markup is only a name.\x1b[31m")),
    _Row("loras/orchid-sumi_墨絵.safetensors", "lora", 144, 15, ["style", "水墨"], [151, 152],
         extra=_text("Orchids in sumi ink.", "sumi-e, orchid", "")),
    _Row("loras/saffron-linocut.safetensors", "lora", 36.4, 16, ["style"], [161], extra=_text("Two colours, one cut.")),
    _Row("loras/basalt-risograph.safetensors", "lora", 144, 17, ["style", "print"], [171, 172],
         extra=_text("Misregistered on purpose.", "risograph, grain", "")),
    _Row("checkpoints/willow-watercolour_v2.safetensors", "checkpoint", 2132, 18, ["sd15"], [181],
         extra=_text("Wet edges, white paper.", "watercolour", "oil")),
)  # fmt: skip


def build_sample(folder: Path) -> Sample:
    """Write model files, images and an old manager's database below ``folder``; the content is always the same."""
    sample = Sample(folder / "old" / "manager.sqlite3", folder / "old" / "images", folder / "models")
    sample.images.mkdir(parents=True)
    connection = sqlite3.connect(sample.database)
    try:
        connection.executescript(_SCHEMA)
        for number, row in enumerate(_ROWS, 1):
            _add(connection, sample, number, row)
        connection.commit()
    finally:
        connection.close()
    return sample


def sample_library(folder: Path) -> Library:
    """Build a sample below ``folder``, run Stage 1 on it, and return the open library in ``folder/library``."""
    sample = build_sample(folder)
    library = Library.open(folder / "library")
    try:
        library.import_legacy(sample.database, images_dir=sample.images)
    except BaseException:
        library.close()
        raise
    return library


def _add(connection: sqlite3.Connection, sample: Sample, number: int, row: _Row) -> None:
    path = sample.models / row.file
    blob = safetensors(row.salt)
    if not row.missing:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(blob)
    names = [f"model_{number}_{_TIME + n}_sample{n}.{'png' if n else 'jpg'}" for n in range(len(row.images))]
    for name, seed in zip(names, row.images, strict=True):
        _write_image(sample.images / name, seed)
    extra = {**row.extra, **({"images": [f"/media/{name}" for name in names]} if names else {})}
    connection.execute(
        "INSERT INTO models VALUES (?, ?, ?, ?, ?, ?, ?, NULL, ?)",
        [
            number,
            str(path),
            path.name,
            row.type,
            round(row.megabytes * 1_000_000),
            hashlib.sha256(blob).hexdigest() if row.hashed else "",
            _TIME + number,
            json.dumps(extra),
        ],
    )
    for tag in row.tags:
        connection.execute("INSERT OR IGNORE INTO tags (name, created_at) VALUES (?, ?)", [tag, _TIME])
        connection.execute("INSERT INTO model_tags SELECT ?, id FROM tags WHERE name = ?", [number, tag])


def _write_image(path: Path, seed: int) -> None:
    """Write the picture of a seed; for a negative seed, only the first half of the file."""
    save(landscape(abs(seed)), path)
    if seed < 0:
        data = path.read_bytes()
        path.write_bytes(data[: len(data) // 2])


def safetensors(salt: int) -> bytes:
    """Return a small valid safetensors file: length of the header (8 bytes, little endian), header, data.

    The format is described at https://huggingface.co/docs/safetensors.
    """
    header = json.dumps(
        {
            "__metadata__": {"modelspec.title": f"sample {salt}"},
            "weight": {"dtype": "F32", "shape": [16, 16], "data_offsets": [0, 1024]},
        }
    ).encode()
    header += b" " * (-len(header) % 8)
    return struct.pack("<Q", len(header)) + header + random.Random(salt).randbytes(1024)  # noqa: S311 - a sample
