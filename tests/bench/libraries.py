"""Build libraries with a queue of any length in seconds: all rows go straight into the store in one transaction."""

from __future__ import annotations

import hashlib
import io
import json
import os
from collections.abc import Iterator
from pathlib import Path

from PIL import Image
from sqlite_utils import Database

from core.files.safe_open import fingerprint
from core.library import Library

_FOLDER = 1000  # files in one folder
_PICTURES = 20
_TYPES = ("lora", "checkpoint", "vae", "embedding")
_WORDS = ("ink", "clay", "ember", "dusk", "paper", "glass", "moss")
_META = json.dumps({"description": "d" * 300, "prompts": {"positive": "p" * 200, "negative": "n" * 100}})


def build(folder: Path, count: int, *, hashed: bool = True) -> Path:
    """Make a library with ``count`` pending imports in a new folder, and return the library's folder.

    Every second import has an image, every fifth a tag. Of every twenty, one has lost its file, one is a
    conflict, and two are duplicates of each other. Without ``hashed``, no hash is known yet.
    """
    paths = _model_files(folder / "models", count)
    with Library.open(folder / "library") as library:
        pictures = _pictures(library.root)
        with library.store.write() as db:
            _add_rows(db, paths)
            _add_images(db, library.root, pictures, count)
            if hashed:
                _add_hashes(db, paths)
    for path in paths[::20]:
        os.unlink(path)
    return folder / "library"


def name_of(number: int) -> str:
    """Return the name of the import with that id."""
    return f"{_WORDS[number % len(_WORDS)]} model {number:06}"


def _content(number: int) -> bytes:
    return b"model %d" % (number - 1 if number % 20 == 8 else number)  # 7 and 8 of every twenty are the same


def _model_files(folder: Path, count: int) -> list[str]:
    paths: list[str] = []
    for number in range(1, count + 1):
        place = folder / f"{number // _FOLDER:03}"
        if not paths or number % _FOLDER == 0:
            place.mkdir(parents=True)
        path = f"{place}/{number:06}.safetensors"
        with open(path, "wb", buffering=0) as file:
            file.write(_content(number))
        paths.append(path)
    return paths


def _pictures(root: Path) -> list[tuple[Path, str]]:
    pictures = []
    for number in range(_PICTURES):
        out = io.BytesIO()
        Image.linear_gradient("L").resize((512, 384)).rotate(number * 18).convert("RGB").save(out, "PNG")
        path = root.parent / f"picture-{number}.png"
        path.write_bytes(out.getvalue())
        pictures.append((path, hashlib.sha256(out.getvalue()).hexdigest()))
    return pictures


def _add_rows(db: Database, paths: list[str]) -> None:
    db.conn.executemany(
        "INSERT INTO pending_import (id, path, name, type, size_bytes, created_at, meta_json) "
        "VALUES (?, ?, ?, ?, ?, 1000, ?)",
        ((n, path, name_of(n), _TYPES[n % 4], n * 1000, _META) for n, path in enumerate(paths, 1)),
    )
    db.conn.executemany("INSERT INTO tags (id, name) VALUES (?, ?)", ((n, f"tag {n}") for n in range(1, 51)))
    tagged = ((n, n // 5 % 50 + 1) for n in range(5, len(paths) + 1, 5))
    db.conn.executemany("INSERT INTO pending_import_tags VALUES (?, ?)", tagged)


def _add_images(db: Database, root: Path, pictures: list[tuple[Path, str]], count: int) -> None:
    def added() -> Iterator[tuple[int, int, str, str]]:
        for number in range(2, count + 1, 2):
            path, sha256 = pictures[number % len(pictures)]
            file = f"{number}_0.png"
            os.link(path, root / "pending" / file)
            yield number, 0, file, sha256

    db.conn.executemany("INSERT INTO pending_images VALUES (?, ?, ?, ?)", added())


def _add_hashes(db: Database, paths: list[str]) -> None:
    digests = [hashlib.sha256(_content(n)).hexdigest() for n in range(1, len(paths) + 1)]
    stamped = ((path, fingerprint(path), digest) for path, digest in zip(paths, digests, strict=True))
    db.conn.executemany("INSERT INTO file_hashes (path, stamp, sha256) VALUES (?, ?, ?)", stamped)
    known = ((digest, path, "old " + path[-18:]) for path, digest in zip(paths[4::20], digests[4::20], strict=True))
    db.conn.executemany("INSERT INTO models VALUES (?, ?, ?, 'lora', 5, 500, '{}')", known)
