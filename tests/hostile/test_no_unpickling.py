"""Model files that are pickles crafted to run code: hashed like any file, and never unpickled.

An audit hook reports every class that a pickle loads and every program that is started
(https://docs.python.org/3/library/audit_events.html).
"""

from __future__ import annotations

import io
import pickle
import zipfile
from pathlib import Path

from tests.support.audit import audited_process
from tests.support.builders import OldRow, digest, old_database, png

FLOW = """
import threading
from core.verify import check_library
with Library.open(args[0]) as library:
    report = library.import_legacy(args[1], images_dir=args[2])
    ids = list(library.queue.search())
    library.queue.hash_ahead(lambda: ids, threading.Event(), lambda progress: None)
    shown = []
    for number, row in zip(ids, library.queue.rows(ids)):
        for strategy in (None, *Strategy):
            look = library.queue.preview(number, strategy)
            library.processor.dry_run(number, strategy)
        library.pictures.of_pending(row.images[0], 60, 40)
        shown.append([row.path, row.sha256, look.row.state])
    done = [library.processor.process_single_import(number) for number in ids]
    merged = [library.processor.process_single_import(number, "merge") for number in ids]
    library.undo(1)
    check_library(library)
    answer = {
        "shown": shown, "problems": len(report.problems), "hashes": [one.sha256 for one in done],
        "status": [one.status for one in done], "again": [one.status for one in merged],
    }
"""


class _Evil:
    """Whoever unpickles it makes a file."""

    def __init__(self, victim: Path) -> None:
        self._victim = victim

    def __reduce__(self) -> tuple[object, tuple[str]]:
        return exec, (f"open({str(self._victim)!r}, 'w').write('ran')",)


def hostile(victim: Path) -> dict[str, bytes]:
    """The bytes of model files, by name: a bare pickle, an old one, and the zip that ``torch.save`` makes of one."""
    bare = pickle.dumps(_Evil(victim))
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as archive:
        archive.writestr("archive/data.pkl", bare)
        archive.writestr("archive/version", "3\n")
    old = f"cos\nsystem\n(S'touch {victim}'\ntR.".encode()
    return {"bare.ckpt": bare, "zip.pt": packed.getvalue(), "old.bin": old, "named.safetensors": bare + b" "}


def test_no_pickle_is_ever_loaded(tmp_path: Path) -> None:
    victim, media = tmp_path / "victim", tmp_path / "media"
    media.mkdir()
    files = hostile(victim)
    rows = []
    for number, (name, data) in enumerate(files.items(), 1):
        (tmp_path / name).write_bytes(data)
        (media / f"{number}.png").write_bytes(png(number))
        (media / f"{number}.pkl").write_bytes(data)  # as an image of the row, too
        rows.append(OldRow(number, str(tmp_path / name), {"images": [f"{number}.png", f"{number}.pkl"]}))
    old = old_database(tmp_path / "old.sqlite3", rows)
    done = audited_process(FLOW, tmp_path / "library", old, media)
    assert (done.unpickled, done.started) == ([], [])
    assert not victim.exists()
    answer = done.answer
    assert answer["hashes"] == [digest(data) for data in files.values()]
    assert answer["shown"] == [[str(tmp_path / name), digest(data), "new"] for name, data in files.items()]
    assert (answer["status"], answer["again"]) == (["success"] * 4, ["not_found"] * 4)
    assert answer["problems"] == 4, "the pickles among the images are named"
    assert {name: (tmp_path / name).read_bytes() for name in files} == files
    assert set(files) <= done.opened_below(tmp_path), "they were read"


def test_the_pickles_would_run_and_the_watch_would_hear_it(tmp_path: Path) -> None:
    for name, data in hostile(tmp_path / "victim").items():
        (tmp_path / name).write_bytes(data)
    done = audited_process("import pickle\npickle.load(open(args[0], 'rb'))", tmp_path / "bare.ckpt")
    assert done.unpickled == [["builtins", "exec"]]
    (tmp_path / "victim").unlink()
    done = audited_process("import pickle\npickle.load(open(args[0], 'rb'))", tmp_path / "old.bin")
    assert done.started and (tmp_path / "victim").exists()
