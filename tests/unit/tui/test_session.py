"""The session file, which keeps a curator's place between runs."""

from __future__ import annotations

import json
import os
from contextlib import suppress
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from core.domain.sort_order import SortKey, SortOrder
from tui.config import session
from tui.config.session import Session

KEPT = Session(12, 'type:lora "two words" 水墨', SortOrder(SortKey.SIZE, descending=True))


@pytest.fixture(autouse=True)
def state(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("MODEL_CURATOR_STATE", str(tmp_path / "state"))
    return tmp_path / "state"


def file_of(state: Path) -> Path:
    (file,) = (state / "sessions").iterdir()
    return file


def test_what_was_written_is_read(tmp_path: Path, state: Path) -> None:
    assert session.read(tmp_path) == Session()
    assert not state.exists(), "reading makes nothing"
    for kept in (KEPT, Session(), Session(None, "size:>2g")):
        session.write(tmp_path, kept)
        assert session.read(tmp_path) == kept
    assert json.loads(file_of(state).read_text())["library"] == str(tmp_path)


def test_each_library_has_its_own_however_it_is_reached(tmp_path: Path) -> None:
    one, other = tmp_path / "one", tmp_path / "other\udcff"
    one.mkdir()
    (tmp_path / "link").symlink_to(one)
    session.write(one, KEPT)
    session.write(other, Session(7))
    assert (session.read(tmp_path / "link"), session.read(other)) == (KEPT, Session(7))


def test_the_users_own_folder_is_the_usual_one(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("MODEL_CURATOR_STATE")
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "xdg"))
    session.write(tmp_path, KEPT)
    assert len([*(tmp_path / "xdg" / "model-curator" / "sessions").iterdir()]) == 1


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"{",
        b"[]",
        b"{}",
        b"\xff",
        b"[" * 100_000,
        b'{"row": "7", "filter": "", "sort": "id", "descending": false}',
        b'{"row": true, "filter": "", "sort": "id", "descending": false}',
        b'{"row": 7, "filter": 8, "sort": "id", "descending": false}',
        b'{"row": 7, "filter": "", "sort": "colour", "descending": false}',
        b'{"row": 7, "filter": "", "sort": "id", "descending": null}',
    ],
)
def test_what_is_broken_is_a_value_error(tmp_path: Path, state: Path, content: bytes) -> None:
    session.write(tmp_path, KEPT)
    file_of(state).write_bytes(content)
    with pytest.raises(ValueError):
        session.read(tmp_path)
    session.write(tmp_path, KEPT)
    assert session.read(tmp_path) == KEPT


@pytest.mark.parametrize("words", ["size:soon", "a\x1bb", "a\nb", "x" * 3000])
def test_words_that_nobody_could_have_typed_are_left_out(tmp_path: Path, words: str) -> None:
    session.write(tmp_path, Session(3, words, SortOrder(SortKey.NAME)))
    assert session.read(tmp_path) == Session(3, "", SortOrder(SortKey.NAME))


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=40, deadline=None)
@given(st.recursive(st.none() | st.booleans() | st.integers() | st.text(), st.lists, max_leaves=3))
def test_any_value_is_read_or_a_value_error(tmp_path: Path, state: Path, value: object) -> None:
    session.write(tmp_path, KEPT)
    for key in ("row", "filter", "sort", "descending"):
        good = {"row": 1, "filter": "a", "sort": "id", "descending": False}
        file_of(state).write_text(json.dumps({**good, key: value}))
        with suppress(ValueError):
            assert isinstance(session.read(tmp_path), Session)


def test_what_cannot_be_written_leaves_the_old_and_no_rest(tmp_path: Path, state: Path) -> None:
    session.write(tmp_path, KEPT)
    file = file_of(state)
    file.unlink()
    file.mkdir()
    with pytest.raises(OSError):
        session.write(tmp_path, Session())
    assert os.listdir(state / "sessions") == [file.name]
