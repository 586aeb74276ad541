"""Imports of the same file, grouped in the list."""

from __future__ import annotations

import shutil
from pathlib import Path

from rich.style import Style

from core.domain.enums import Action, State
from core.domain.records import Model, PendingImport
from core.library import Library
from tests.support.app import CONFLICT, MISSING, NEW, AppHarness, add_import, hashed_app, running, sample
from tests.support.builders import digest
from tests.support.model_headers import with_header
from tui.theme.themes import themes
from tui.widgets.queue_list.columns import RowStyle, columns, line

PAIR = [16, 17]  # ids in the sample: one file, saved twice


def bracket(desk: AppHarness, pending_id: int) -> str:
    return desk.line_of(pending_id)[2]


async def test_what_lies_together_has_a_bracket(tmp_path: Path) -> None:
    async with hashed_app(tmp_path) as desk:
        await desk.wait_until(lambda: (bracket(desk, 16), bracket(desk, 17)) == ("╭", "╰"))
        assert not [
            pending_id for pending_id in desk.list.ids if pending_id not in PAIR and bracket(desk, pending_id) != " "
        ]
        await desk.press("t")
        await desk.wait_until(lambda: abs([*desk.list.ids].index(16) - [*desk.list.ids].index(17)) == 1)
        above, below = sorted(PAIR, key=[*desk.list.ids].index)
        await desk.wait_until(lambda: (bracket(desk, above), bracket(desk, below)) == ("╭", "╰"))


async def test_brackets_join_what_is_sorted_by_state(tmp_path: Path) -> None:
    with sample(tmp_path) as library:
        for number, pending_id in enumerate((40, 41)):
            copy_of(library, pending_id, 16, tmp_path / f"copy-{number}")
        async with running(library) as desk:
            await desk.hashed()
            await desk.press(*"tttt")
            await desk.wait_until(lambda: desk.list.ids[0] == 18)  # by state: what is missing comes first
            group = [16, 17, 40, 41]
            await desk.wait_until(
                lambda: (
                    [pending_id for pending_id in desk.list.ids if desk.row(pending_id).state is State.DUPLICATE]
                    == group
                )
            )
            await desk.wait_until(lambda: [bracket(desk, pending_id) for pending_id in group] == ["╭", "│", "│", "╰"])
            await desk.press("g", *["j"] * [*desk.list.ids].index(40))
            await desk.wait_for_text("same file as 16, 17 and 41", "#facts")


def copy_of(library: Library, pending_id: int, of: int, path: Path) -> None:
    """Put an import into the queue whose file is a copy of another's."""
    row = library.queue.rows([of])[0]
    shutil.copy(row.path, path)
    add_import(library, PendingImport(pending_id, str(path), "a copy", row.type, row.size_bytes, 0, {}))


async def test_a_key_shows_the_group_and_esc_all_again(tmp_path: Path) -> None:
    async with hashed_app(tmp_path) as desk:
        await desk.go_to(17)
        await desk.wait_for_text("same file as 16", "#facts")
        await desk.press("D")
        await desk.wait_until(lambda: list(desk.list.ids) == PAIR)
        assert desk.list.current == 17 and desk.app.focused is desk.list
        await desk.wait_for_text("same:17", "#words")
        await desk.wait_for_text("2 of 19", "#found")
        await desk.press("escape")
        await desk.wait_until(lambda: len(desk.list.ids) == 19)
        assert desk.list.current == 17


async def test_conflicts_that_are_one_file_are_a_group_as_well(tmp_path: Path) -> None:
    with sample(tmp_path) as library:
        copy_of(library, 40, CONFLICT, tmp_path / "copy")
        async with running(library) as desk:
            await desk.hashed()
            await desk.go_to(CONFLICT)
            await desk.wait_for_text("same file as 40", "#facts")
            await desk.press("D")
            await desk.wait_until(lambda: list(desk.list.ids) == [CONFLICT, 40])
            assert {desk.row(pending_id).state for pending_id in desk.list.ids} == {State.CONFLICT}
            await desk.wait_until(lambda: (bracket(desk, CONFLICT), bracket(desk, 40)) == ("╭", "╰"))


async def test_where_there_is_no_other_it_is_said(tmp_path: Path) -> None:
    async with hashed_app(tmp_path) as desk:
        await desk.go_to(NEW)
        await desk.press("D")
        await desk.wait_for_text("No other import in the queue has the same file.", "#status")
        await desk.go_to(MISSING)
        await desk.press("D")
        await desk.wait_for_text("The file is missing", "#status")
        assert len(desk.list.ids) == 19 and not desk.text("#words").strip()


async def test_a_small_terminal_tells_it_too(tmp_path: Path) -> None:
    async with hashed_app(tmp_path, (80, 24)) as desk:
        await desk.go_to(16)
        await desk.wait_for_text("same file as 17", "#facts")
        assert bracket(desk, 16) == "╭"


def test_mark_cursor_and_bracket_have_a_cell_each(tmp_path: Path) -> None:
    with sample(tmp_path, keep=1) as library:
        row = next(library.queue.all())
    look = RowStyle(cursor=True, marked=True, above=True, below=True)
    assert "".join(part.text for part in line(row, columns(80, 99), look, Style(), themes()[0].palette)).startswith(
        "▌✓│"
    )


async def test_the_same_weights_under_another_header_are_told_and_merged(tmp_path: Path) -> None:
    with sample(tmp_path) as library:
        paths = [tmp_path / f"{number}.safetensors" for number in (40, 41, 42)]
        for number, path in enumerate(paths, 40):
            path.write_bytes(with_header(b'{"__metadata__": {"n": "%d"}}' % number) + b"weights")
            add_import(library, PendingImport(number, str(path), path.name, "lora", path.stat().st_size, 0, {}))
        assert library.processor.process_single_import(40).action_taken is Action.INSERTED
        model = digest(paths[0].read_bytes())
        async with running(library) as desk:
            await desk.hashed()
            await desk.wait_until(lambda: "2 same weights" in desk.text("HeaderBar"))
            await desk.go_to(41)
            assert "= weights" in desk.line_of(41)
            await desk.wait_for_text(f"same weights as the library's {model[:8]}", "#facts")
            await desk.press("enter")
            await desk.wait_for_text(f"into {model[:8]}, which has the same weights", "#plan")
            await desk.press("o")
            await desk.wait_for_text("new in the library", "#plan")
            await desk.press("m")
            await desk.wait_for_text(f"into {model[:8]}, which has the same weights", "#plan")
            await desk.press("escape")
            await desk.apply(1)
            await desk.wait_until(lambda: 41 not in desk.list.ids)
        entry = library.show(digest(paths[1].read_bytes()))
        assert entry is not None and isinstance(entry.record, Model)
        assert entry.record.sha256 == model
