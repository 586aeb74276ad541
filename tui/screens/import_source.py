"""Where models may come from: what a typed path is, and what the dialog proposes.

The first three functions read folders: call them in a thread.
"""

from __future__ import annotations

import os
from dataclasses import dataclass
from typing import TYPE_CHECKING

from textual.content import Content

from core.text import count_of, sanitize
from tui.presenters.cell_text import fit
from tui.presenters.path_completion import Completion
from tui.theme.palette import AMBER, GREY, TEXT

if TYPE_CHECKING:
    from core.library import Library


@dataclass(frozen=True, slots=True)
class Proposal:
    """The folders that an empty line stands for, and what is said of them; without folders, those remembered."""

    words: str
    folders: tuple[str, ...] = ()


def is_to_be_scanned(path: str) -> bool:
    """Return whether a path is scanned: a folder, a list of folders, or what by its name is ComfyUI's database.

    Anything else is imported as an old manager's database.
    """
    name = os.path.basename(path).lower()
    try:
        return os.path.isdir(path) or name.endswith((".yaml", ".yml")) or name in ("comfyui.db", "comfyui.db.bkp")
    except ValueError:
        return False


def is_there(path: str) -> bool:
    """Return whether a path may lead to something; reading it tells what is wrong with any other."""
    try:
        os.stat(path)
    except (OSError, ValueError) as error:
        return not isinstance(error, FileNotFoundError | NotADirectoryError)
    return True


def propose(library: Library) -> Proposal | None:
    """Return what an empty line stands for: the first tool found whose folders are new, else the remembered folders."""
    from core.importing.scan.installs import find_installs  # noqa: PLC0415 - start-up

    remembered = library.model_folders.remembered()
    known = set(map(os.path.realpath, remembered))
    for install in find_installs():
        new = tuple(root for root in install.roots if os.path.realpath(root) not in known)
        if new:
            where = sanitize(new[0].replace(os.path.expanduser("~/"), "~/", 1), 200)
            return Proposal(f"{install.tool} was found: ⏎ scans {where}. Or type another path.", new)
    if remembered:
        count = count_of(len(remembered), "remembered folder")
        return Proposal(f"Empty, ⏎ scans the {count} again. Or type another path.")
    return None


def choices(completion: Completion, width: int, most: int) -> Content:
    """Return the first choices, one per line, and how many more there are."""
    if completion.problem:
        return Content.styled(completion.problem, AMBER)
    shown = completion.choices[:most]
    more = completion.total - len(shown)
    lines = [Content.styled(fit(name, width - 2), TEXT) for name in shown]
    return Content("\n").join([*lines, Content.styled(f"and {more:,} more", GREY)] if more else lines)
