"""Forty payloads in every field, through every screen and command of the real program: none reaches the terminal."""

from __future__ import annotations

import re
import shutil
import unicodedata
from collections.abc import Iterator
from pathlib import Path

import pytest

from core.domain.records import PendingImage, PendingImport
from core.library import Library
from tests.support.app import add_import
from tests.support.builders import OldRow, add_model, digest, old_database
from tests.support.cli import program, run
from tests.support.pseudo_terminal import Terminal, terminal

_CSI = ["\x1b[31m", "\x1b[2J", "\x1b[999;1H", "\x1b[?1049l", "\x1b[?25l", "\x1b[8;1;1t", "\x1b[6n", "\x1b[c", "\x1b[!p"]
_OSC = [
    "\x1b]0;PWNED\x07",
    "\x1b]8;;http://PWNED\x1b\\x\x1b]8;;\x1b\\",
    "\x1b]52;c;UFdORUQ=\x07",
    "\x1b]4;1;#000000\x07",
]
_STRINGS = [
    "\x1bPq#0PWNED\x1b\\",
    "\x1b_Ga=d;PWNED\x1b\\",
    "\x1b^PWNED\x1b\\",
    "\x1bXPWNED\x1b\\",
    "\x1bc",
    "\x1b(0",
    "\x1b7\x1b8",
]
_C1 = ["\x9b31m", "\x9d52;c;UFdORUQ=\x9c", "\x90q\x9c", "\x85", "\x8d"]
_BIDI = ["\u202egpj.exe", "\u2066\u2067\u2069", "\u200f\u061c", "\u202a\u202b\u202c\u202d"]
_ZERO = ["a\u200bb\u200cc\u200dd", "\ufeff\u2060", "e" + "\u0301" * 200, "\U000e0041\U000e0042"]
_MARKUP = ["[bold]PWNED[/bold]", "[/nope]", "[@click=app.quit]PWNED[/]", "[@click=app.bell()]x", "$primary [[ \\["]
_HUGE = ["\x07" * 1000 + "x" * 100_000, "模" * 50_000]
PAYLOADS = [*_CSI, *_OSC, *_STRINGS, *_C1, *_BIDI, *_ZERO, *_MARKUP, *_HUGE]
SHA = digest(b"the model")
# What the program itself never writes, to a terminal or to a pipe, and every payload above begins with.
FORBIDDEN = re.compile(
    rb"\x1b[\]P_^Xc(]|\x1b\[2J|\x1b\[999|\x1b\[8;1;1t|\x1b\[6n|\x1b\[c|\x1b\[!p|\x07|\xc2[\x80-\x9f]"
    rb"|\xe2\x80[\x8b-\x8f\xaa-\xae]|\xe2\x81[\xa0-\xa9]|\xef\xbb\xbf|\xf3\xa0\x81|\xd8\x9c"
)
POINTER = re.compile(rb"\x1b\]22;[a-z]+\x07")  # Textual's own: the shape of the mouse pointer


def record(pending_id: int, text: str) -> PendingImport:
    short = text[:100]
    meta = {"description": text, short: {short: [text, {short: text}]}, "prompts": {"positive": text}}
    image = PendingImage(0, f"{pending_id}_0.png", digest(b"x"))
    return PendingImport(pending_id, f"/nowhere/{short}", text, short, 10, 1, meta, (short, f"{short}2"), (image,))


@pytest.fixture(scope="module")
def hostile(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """A library with an import for each payload and a model that is made of them; some are dealt with already."""
    root = tmp_path_factory.mktemp("hostile") / "library"
    with Library.open(root) as library:
        for pending_id, text in enumerate(PAYLOADS, 1):
            add_import(library, record(pending_id, text))
        text = "".join(PAYLOADS[:20])
        add_model(library, SHA, f"/nowhere/{text}", name=text, type_=text, meta={text[:50]: text}, tag_names=[text])
        library.processor.process_single_import(2, "delete")
    yield root


def harmless(data: bytes) -> None:
    """Check that nothing of a payload is in what reached a terminal or a pipe."""
    found = FORBIDDEN.search(data)
    assert found is None, data[max(found.start() - 60, 0) : found.end() + 60]
    bad = [c for c in data.decode() if unicodedata.category(c) in ("Cf", "Cs", "Zl", "Zp")]
    assert not bad, bad[:5]


def test_there_are_forty() -> None:
    assert len(PAYLOADS) == len(set(PAYLOADS)) == 40
    assert sum(bool(FORBIDDEN.search(text.encode())) for text in PAYLOADS) >= 28, "the check sees what it is to see"


WHOLE = [
    *(["pending"], ["history"], ["images", SHA], ["show", SHA], ["--verify"]),
    ["promote", "--dry-run", "--strategy", "delete", *map(str, range(1, 41))],
    ["promote", *map(str, range(3, 41))],
]
SINGLE = [
    *(["show", str(n)] for n in range(1, 41)),
    *(["show", "--", text[:500]] for text in PAYLOADS),
    *(["promote", "--dry-run", "--strategy", "skip", str(n)] for n in range(1, 41)),
]


def check_told(told: str) -> None:
    assert "Traceback" not in told
    assert "\x1b" not in told and "\r" not in told
    harmless(told.encode(errors="surrogateescape"))


@pytest.mark.parametrize("form", [[], ["--json"]])
def test_no_command_lets_one_through(hostile: Path, form: list[str]) -> None:
    for arguments in WHOLE:
        ran = program(*form, "--library", str(hostile), *arguments)
        check_told(ran.stdout + ran.stderr)
    for arguments in SINGLE:
        here = run(*form, *arguments, library=hostile)
        check_told(here.out + here.err)


def test_no_command_lets_one_through_to_a_terminal(hostile: Path, tmp_path: Path) -> None:
    rows = [OldRow(n, f"/nowhere/{text[:100]}", "{" + text[:300], name=text) for n, text in enumerate(PAYLOADS, 1)]
    database = old_database(
        tmp_path / f"old{PAYLOADS[0]}.db", rows, {n: text[:100] for n, text in enumerate(PAYLOADS, 1)}
    )
    importing = ["--library", str(tmp_path / "l"), "import-legacy", str(database), "--images", str(tmp_path)]
    for arguments in [importing, *(["--library", str(hostile), *whole] for whole in WHOLE)]:
        with terminal(*arguments, home=tmp_path) as seen:
            seen.end()
        harmless(seen.bytes.replace(b"\r\x1b[K", b""))  # the line of the progress
        assert b"Traceback" not in seen.bytes and b"\x1b" not in seen.bytes.replace(b"\r\x1b[K", b"")
    with Library.open(tmp_path / "l") as library:
        assert library.queue.counts().pending == 40


def walk(seen: Terminal) -> None:
    """Go through every screen there is, each row and each field of it."""
    seen.see("39 pending")
    for _ in range(39):
        seen.press("ll")
        seen.press("md"[_ % 2])
    seen.see("39 decided")
    seen.press("g\r")
    seen.see("1 of 39")
    for _ in range(39):
        seen.press("jjjjjjG")
        seen.press("J")
    seen.see("39 of 39")
    seen.press("q")  # not Esc: with the key after it, it would be another key
    seen.see("a apply")
    seen.press("/PWNED\r")
    seen.see(f"{sum('PWNED' in text for text in PAYLOADS)} of 39")
    seen.press("g\x1b")
    seen.see("9 ␛[!p")
    seen.press("?")
    seen.see("Deciding")
    seen.press("q")
    seen.see("a apply")
    seen.press("U")
    seen.see("History")
    seen.press("q")
    seen.see("a apply")
    seen.press("F")
    seen.see("What the list holds")
    seen.press("GkkkkkkkkkkgG")
    seen.press("q")
    seen.see("a apply")
    apply(seen)


def apply(seen: Terminal) -> None:
    """Apply everything, look at the log, and undo it."""
    seen.press("a")
    seen.see("Apply 39 decisions")
    seen.see("y apply")
    seen.press("jjjjjy")
    seen.see("L shows the log")
    seen.press("L")
    seen.see("What was applied")
    seen.press("kkkkq")
    seen.see("a apply")
    seen.press("u")
    seen.see("There is no redo")
    seen.press("y")
    seen.see("Undone")


@pytest.mark.parametrize("size", [(140, 42), (80, 24)])
def test_no_screen_lets_one_through(hostile: Path, tmp_path: Path, size: tuple[int, int]) -> None:
    root = tmp_path / "library"
    shutil.copytree(hostile, root)
    with terminal("--graphics", "half", "--library", str(root), home=tmp_path, columns=size[0], lines=size[1]) as seen:
        walk(seen)
        seen.press("q")
        assert seen.end() == 0
    harmless(POINTER.sub(b"", seen.bytes))
    assert b"Traceback" not in seen.bytes
